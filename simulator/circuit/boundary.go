package circuit

// setBoundary combines all operations on an amplitude between two rotations: the
// phase α of the previous rotation, the CNOTs (a permutation with signs), the
// noise, and the phase δ, the flips and the cosines of the next rotation.
func (f *frame) setBoundary(k, flips int, scale float64) {
	s, r, after := f.plan.boundary(k), &f.rotations[k], f.after[k-1]
	if flips != r.flips {
		r.flips = flips
		f.setPlaces(k)
	}
	monomials(f.alpha[:s.rows], after[:s.low], 1)
	monomials(f.delta[:s.rows], f.before[:s.low], complex(scale, 0))
	for parity := range s.parities() {
		at, first := f.rowsAt(k, parity)
		r.setScalars(at, first, f.delta[:s.rows], f.alpha)
	}
	if s.high == 0 {
		return
	}
	monomials(f.alpha[:s.blocks], after[s.low:], 1)
	monomials(f.delta[:s.blocks], f.before[s.low:], 1)
	if k > 1 {
		r.setScalars(2*s.rows, 0, f.delta[:s.blocks], f.alpha)
		return
	}
	for parity := range 2 {
		first := parity*s.product() + s.rows
		r.setScalars(first, first, f.delta[:s.blocks], f.alpha)
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

// setScalars sets δ·α for entries from at on, one for each δ. The α are those of
// the entries' source rows, from first on.
func (r *rotation) setScalars(at, first int, delta, alpha []complex128) {
	scalars, from := r.scalars[2*at:][:2*len(delta)], r.from[at:][:len(delta)]
	for y, d := range delta {
		v := d * alpha[int(from[y])-first]
		scalars[2*y], scalars[2*y+1] = float32(real(v)), float32(imag(v))
	}
}

// clearScalars sets the scalars of the blocks of one parity to 0.
func (r *rotation) clearScalars(at, parity int) {
	for y, p := range r.parity {
		if int(p) == parity {
			r.scalars[2*(at+y)], r.scalars[2*(at+y)+1] = 0, 0
		}
	}
}

// monomials fills dst[x] with first · Π factors[q] over the bits q set in x.
func monomials(dst, factors []complex128, first complex128) {
	dst[0] = first
	for q, z := range factors {
		for x, v := range dst[:1<<q] {
			dst[1<<q+x] = v * z
		}
	}
}
