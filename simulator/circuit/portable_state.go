package circuit

// rotate1 rotates one index bit: x₀ − t·x₁ and x₁ + t·x₀ replace the rows x₀ and x₁
// that differ in it. The number of bits per pass does not affect rounding.
func rotate1(p, t []float32, s *span) {
	t0 := t[0]
	for g := range s.groups {
		for l := range s.lines {
			q := p[(g*s.groupStride+l*s.lineStride)*width:]
			x0 := q[:s.run*width]
			x1 := q[s.apart*width:][:len(x0)]
			for i, a := range x0 {
				b := x1[i]
				x0[i], x1[i] = a-t0*b, b+t0*a
			}
		}
	}
}

// rotate2 rotates two adjacent index bits.
func rotate2(p, t []float32, s *span) {
	t0, t1, k := t[0], t[1], s.apart*width
	for g := range s.groups {
		for l := range s.lines {
			q := p[(g*s.groupStride+l*s.lineStride)*width:]
			x0 := q[:s.run*width]
			x1, x2, x3 := q[k:][:len(x0)], q[2*k:][:len(x0)], q[3*k:][:len(x0)]
			for i, a := range x0 {
				b, c, d := x1[i], x2[i], x3[i]
				a, b = a-t0*b, b+t0*a
				c, d = c-t0*d, d+t0*c
				x0[i], x2[i] = a-t1*c, c+t1*a
				x1[i], x3[i] = b-t1*d, d+t1*b
			}
		}
	}
}

// rotate3 rotates three adjacent index bits.
func rotate3(p, t []float32, s *span) {
	t0, t1, t2, k := t[0], t[1], t[2], s.apart*width
	for g := range s.groups {
		for l := range s.lines {
			q := p[(g*s.groupStride+l*s.lineStride)*width:]
			x0 := q[:s.run*width]
			x1, x2, x3 := q[k:][:len(x0)], q[2*k:][:len(x0)], q[3*k:][:len(x0)]
			x4, x5, x6, x7 := q[4*k:][:len(x0)], q[5*k:][:len(x0)], q[6*k:][:len(x0)], q[7*k:][:len(x0)]
			for i, a := range x0 {
				b, c, d := x1[i], x2[i], x3[i]
				a, b = a-t0*b, b+t0*a
				c, d = c-t0*d, d+t0*c
				a, c = a-t1*c, c+t1*a
				b, d = b-t1*d, d+t1*b
				e, f, g, h := x4[i], x5[i], x6[i], x7[i]
				e, f = e-t0*f, f+t0*e
				g, h = g-t0*h, h+t0*g
				e, g = e-t1*g, g+t1*e
				f, h = f-t1*h, h+t1*f
				x0[i], x4[i] = a-t2*e, e+t2*a
				x1[i], x5[i] = b-t2*f, f+t2*b
				x2[i], x6[i] = c-t2*g, g+t2*c
				x3[i], x7[i] = d-t2*h, h+t2*d
			}
		}
	}
}

// gather is the boundary between two layers of rotations, out of place, phases
// and a permutation: dst row i = phases row i · src row from[i].
func gather(dst, src, phases []float32, from []int32) {
	for i, f := range from {
		multiply(rowAt(dst, i), rowAt(phases, i), rowAt(src, int(f)))
	}
}

// gatherAdjoint is the adjoint of gather: dst row from[i] = conj(phases row i) · src
// row i.
func gatherAdjoint(dst, src, phases []float32, from []int32) {
	for i, f := range from {
		x, w, y := rowAt(src, i), rowAt(phases, i), rowAt(dst, int(f))
		for j := range Lanes {
			xr, xi, wr, wi := x[j], x[j+Lanes], w[j], w[j+Lanes]
			y[j], y[j+Lanes] = xr*wr+xi*wi, xi*wr-xr*wi
		}
	}
}

// gatherBlock is gather for a block of rows whose phases have the row phase as a
// common factor.
func gatherBlock(dst, src, phases, phase []float32, from []int32) {
	a := *rowAt(phase, 0)
	for i, f := range from {
		x, y, b := rowAt(src, int(f)), rowAt(dst, i), rowAt(phases, i)
		for j := range Lanes {
			ar, ai, br, bi, xr, xi := a[j], a[j+Lanes], b[j], b[j+Lanes], x[j], x[j+Lanes]
			wr, wi := ar*br-ai*bi, ar*bi+ai*br
			y[j], y[j+Lanes] = xr*wr-xi*wi, xr*wi+xi*wr
		}
	}
}

// gatherBlockAdjoint is the adjoint of gatherBlock.
func gatherBlockAdjoint(dst, src, phases, phase []float32, from []int32) {
	a := *rowAt(phase, 0)
	for i, f := range from {
		x, y, b := rowAt(src, i), rowAt(dst, int(f)), rowAt(phases, i)
		for j := range Lanes {
			ar, ai, br, bi, xr, xi := a[j], a[j+Lanes], b[j], b[j+Lanes], x[j], x[j+Lanes]
			wr, wi := ar*br-ai*bi, ar*bi+ai*br
			y[j], y[j+Lanes] = xr*wr+xi*wi, xi*wr-xr*wi
		}
	}
}

// join computes the sum of two products of factors, low for the rows of a block and
// high for the blocks: row r of block c of dst is
// low row r · high row c + low row odd+r · high row odd+c.
func join(dst, low, high []float32, blocks, rows, stride, odd int) {
	for c := range blocks {
		g, h := *rowAt(high, c), *rowAt(high, odd+c)
		for r := range rows {
			a, b, y := rowAt(low, r), rowAt(low, odd+r), rowAt(dst, c*stride+r)
			for i := range Lanes {
				ar, ai, br, bi := a[i], a[i+Lanes], b[i], b[i+Lanes]
				gr, gi, hr, hi := g[i], g[i+Lanes], h[i], h[i+Lanes]
				y[i] = ar*gr - ai*gi + br*hr - bi*hi
				y[i+Lanes] = ar*gi + ai*gr + br*hi + bi*hr
			}
		}
	}
}
