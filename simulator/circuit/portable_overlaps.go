package circuit

// overlapXY1 adds the overlaps of one index bit, X = Σ Im(l₀*·p₁ + l₁*·p₀) and
// Y = Σ Re(l₁*·p₀ − l₀*·p₁) over pairs of rows that differ in it, to the first
// row of acc: X to its first half, Y to the second.
func overlapXY1(acc, l, p []float32, s *span) {
	a := rowAt(acc, 0)
	for g := range s.groups {
		for line := range s.lines {
			at := g*s.groupStride + line*s.lineStride
			for r := at; r < at+s.run; r++ {
				l0, l1, p0, p1 := rowAt(l, r), rowAt(l, r+s.apart), rowAt(p, r), rowAt(p, r+s.apart)
				for i := range Lanes {
					l0r, l0i, l1r, l1i := l0[i], l0[i+Lanes], l1[i], l1[i+Lanes]
					p0r, p0i, p1r, p1i := p0[i], p0[i+Lanes], p1[i], p1[i+Lanes]
					a[i] += l0r*p1i - l0i*p1r + l1r*p0i - l1i*p0r
					a[i+Lanes] += l1r*p0r - l0r*p1r + l1i*p0i - l0i*p1i
				}
			}
		}
	}
}

// overlapXY2 adds the overlaps of two adjacent index bits to the first two rows
// of acc.
func overlapXY2(acc, l, p []float32, s *span) {
	a, b, k := rowAt(acc, 0), rowAt(acc, 1), s.apart
	for g := range s.groups {
		for line := range s.lines {
			at := g*s.groupStride + line*s.lineStride
			for r := at; r < at+s.run; r++ {
				l0, l1, l2, l3 := rowAt(l, r), rowAt(l, r+k), rowAt(l, r+2*k), rowAt(l, r+3*k)
				p0, p1, p2, p3 := rowAt(p, r), rowAt(p, r+k), rowAt(p, r+2*k), rowAt(p, r+3*k)
				for i := range Lanes {
					l0r, l0i, l1r, l1i := l0[i], l0[i+Lanes], l1[i], l1[i+Lanes]
					p0r, p0i, p1r, p1i := p0[i], p0[i+Lanes], p1[i], p1[i+Lanes]
					ax := l0r*p1i - l0i*p1r + l1r*p0i - l1i*p0r
					ay := l1r*p0r - l0r*p1r + l1i*p0i - l0i*p1i
					l2r, l2i, p2r, p2i := l2[i], l2[i+Lanes], p2[i], p2[i+Lanes]
					bx := l0r*p2i - l0i*p2r + l2r*p0i - l2i*p0r
					by := l2r*p0r - l0r*p2r + l2i*p0i - l0i*p2i
					l3r, l3i, p3r, p3i := l3[i], l3[i+Lanes], p3[i], p3[i+Lanes]
					ax += l2r*p3i - l2i*p3r + l3r*p2i - l3i*p2r
					ay += l3r*p2r - l2r*p3r + l3i*p2i - l2i*p3i
					bx += l1r*p3i - l1i*p3r + l3r*p1i - l3i*p1r
					by += l3r*p1r - l1r*p3r + l3i*p1i - l1i*p3i
					a[i] += ax
					a[i+Lanes] += ay
					b[i] += bx
					b[i+Lanes] += by
				}
			}
		}
	}
}

// overlapY1 adds the Y overlap of one index bit alone; real and imaginary parts
// stay apart, so the two halves of the first row of acc add up to Y.
func overlapY1(acc, l, p []float32, s *span) {
	a := rowAt(acc, 0)
	for g := range s.groups {
		for line := range s.lines {
			at := g*s.groupStride + line*s.lineStride
			for r := at; r < at+s.run; r++ {
				l0, l1, p0, p1 := rowAt(l, r), rowAt(l, r+s.apart), rowAt(p, r), rowAt(p, r+s.apart)
				for i := range a {
					a[i] += l1[i]*p0[i] - l0[i]*p1[i]
				}
			}
		}
	}
}

// overlapY2 adds the Y overlaps of two adjacent index bits alone.
func overlapY2(acc, l, p []float32, s *span) {
	a, b, k := rowAt(acc, 0), rowAt(acc, 1), s.apart
	for g := range s.groups {
		for line := range s.lines {
			at := g*s.groupStride + line*s.lineStride
			for r := at; r < at+s.run; r++ {
				l0, l1, l2, l3 := rowAt(l, r), rowAt(l, r+k), rowAt(l, r+2*k), rowAt(l, r+3*k)
				p0, p1, p2, p3 := rowAt(p, r), rowAt(p, r+k), rowAt(p, r+2*k), rowAt(p, r+3*k)
				for i := range a {
					a[i] += l1[i]*p0[i] - l0[i]*p1[i] + l3[i]*p2[i] - l2[i]*p3[i]
					b[i] += l2[i]*p0[i] - l0[i]*p2[i] + l3[i]*p1[i] - l1[i]*p3[i]
				}
			}
		}
	}
}

// overlapDot adds v = Im(l*·p) of every row to the half rows of its place in
// the block (low) and of its block (high).
func overlapDot(low, high, l, p []float32, blocks, rows, stride int) {
	for c := range blocks {
		h := halfAt(high, c)
		for r := range rows {
			x, y, a := rowAt(l, c*stride+r), rowAt(p, c*stride+r), halfAt(low, r)
			for i := range Lanes {
				v := x[i]*y[i+Lanes] - x[i+Lanes]*y[i]
				a[i] += v
				h[i] += v
			}
		}
	}
}

// marginals computes the Z overlaps from the sums of overlapDot: it adds Σ_x ±v_x,
// with − if bit q of x is set, to half row q of dst. v has 2^bits half rows; it is
// overwritten.
func marginals(dst, v []float32, bits int) {
	for q := bits - 1; q >= 0; q-- {
		h, o := 1<<q, halfAt(dst, q)
		for x := range h {
			a, b := halfAt(v, x), halfAt(v, h+x)
			for i := range Lanes {
				o[i] += a[i] - b[i]
				a[i] += b[i]
			}
		}
	}
}

// contract takes a state l against the state that join makes of low and high.
// To row r of pulledLow it adds Σ_c l row (c, r) · conj(high row c), to row c of
// pulledHigh Σ_r l row (c, r) · conj(low row r). It repeats this from row odd on.
func contract(pulledLow, pulledHigh, l, low, high []float32, blocks, rows, stride, odd int) {
	for c := range blocks {
		g, h := *rowAt(high, c), *rowAt(high, odd+c)
		s, t := rowAt(pulledHigh, c), rowAt(pulledHigh, odd+c)
		for r := range rows {
			x := rowAt(l, c*stride+r)
			contractRow(rowAt(pulledLow, r), s, x, &g, rowAt(low, r))
			contractRow(rowAt(pulledLow, odd+r), t, x, &h, rowAt(low, odd+r))
		}
	}
}

// contractRow adds x·conj(g) to y and x·conj(b) to s.
func contractRow(y, s, x, g, b *row) {
	for i := range Lanes {
		xr, xi := x[i], x[i+Lanes]
		y[i] += xr*g[i] + xi*g[i+Lanes]
		y[i+Lanes] += xi*g[i] - xr*g[i+Lanes]
		s[i] += xr*b[i] + xi*b[i+Lanes]
		s[i+Lanes] += xi*b[i] - xr*b[i+Lanes]
	}
}
