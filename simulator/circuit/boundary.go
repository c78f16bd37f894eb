package circuit

// setBoundary combines all operations on an amplitude between two rotations: the
// phase α of the previous rotation, the CNOTs (a permutation with signs), the
// noise, and the phase δ, the flips and the cosines of the next rotation.
func (f *frame) setBoundary(k, flips int, scale float64) {
	s, r := f.plan.boundary(k), &f.rotations[k]
	if flips != r.flips {
		r.flips = flips
		f.setPlaces(k)
	}
	f.loops.monomials(f.products[:s.rows], f.between[:s.low], scale)
	for parity := range s.parities() {
		at, first := f.rowsAt(k, parity)
		f.setScalars(r, at, first, s.rows)
	}
	if s.high == 0 {
		return
	}
	f.loops.monomials(f.products[:s.blocks], f.between[s.low:], 1)
	if k > 1 {
		f.setScalars(r, 2*s.rows, 0, s.blocks)
		return
	}
	for parity := range 2 {
		first := parity*s.product() + s.rows
		f.setScalars(r, first, first, s.blocks)
		r.clearScalars(first, parity^1)
	}
}

// rowsAt returns the start of the entries of a block's rows, for one parity of its
// high bits, and the start of the rows that they take amplitudes from.
func (f *frame) rowsAt(k, parity int) (at, first int) {
	s := f.plan.boundary(k)
	switch {
	case parity == 0:
		return 0, 0
	case k == 1:
		return s.product(), s.product()
	}
	return s.rows, 0
}

// setPlaces sets the indices of the noise and the amplitude of each entry, after
// the flips of a rotation. An odd parity of the high bits flips all bits below.
func (f *frame) setPlaces(k int) {
	s, r := f.plan.boundary(k), &f.rotations[k]
	for parity := range s.parities() {
		at, first := f.rowsAt(k, parity)
		for y := range s.rows {
			noise := y ^ r.flips&(s.rows-1)
			r.noise[at+y] = int32(noise)
			r.from[at+y] = int32(first) + (f.plan.origin[noise] ^ int32(parity*(s.rows-1)))
		}
	}
	for y := range s.blocks {
		if s.high == 0 {
			return
		}
		noise := y ^ r.flips>>s.low
		x := f.plan.origin[noise]
		r.parity[y] = 0
		if f.plan.chain {
			r.parity[y] = x & 1 // bit 0 of a suffix parity is the parity of all
		}
		if k > 1 {
			r.noise[2*s.rows+y], r.from[2*s.rows+y] = int32(s.rows+noise), x
			continue
		}
		for parity := range 2 {
			first := parity*s.product() + s.rows
			r.noise[first+y], r.from[first+y] = int32(s.rows+noise), int32(first)+x
		}
	}
}

// setScalars sets the scalars of n entries from at on, whose source rows are those from first on.
func (f *frame) setScalars(r *rotation, at, first, n int) {
	f.loops.scalars(r.scalars[2*at:][:2*n], f.products[:n], r.from[at:][:n], first)
}

// clearScalars sets the scalars of the blocks of one parity to 0.
func (r *rotation) clearScalars(at, parity int) {
	for y, p := range r.parity {
		if int(p) == parity {
			r.scalars[2*(at+y)], r.scalars[2*(at+y)+1] = 0, 0
		}
	}
}

// monomials sets products[x] to Π factors[q] over the bits q set in x, with δ times scale.
func monomials(products, factors []phasePair, scale float64) {
	products[0] = phasePair{1, complex(scale, 0)}
	for q, z := range factors {
		low, high := products[:1<<q], products[1<<q:][:1<<q]
		for x := range high {
			high[x] = phasePair{low[x].alpha * z.alpha, low[x].delta * z.delta}
		}
	}
}

// scalars sets dst to δ·α of entries, real and imaginary parts. The α are those of the entries' source
// rows, counted from first. The number of entries is even.
func scalars(dst []float32, products []phasePair, from []int32, first int) {
	for y, f := range from {
		v := products[y].delta * products[int(f)-first].alpha
		dst[2*y], dst[2*y+1] = float32(real(v)), float32(imag(v))
	}
}
