package circuit

// loops are the inner loops of the fast engine. Every kernel has all of them;
// the portable ones, in plain Go, say what each must compute. Arguments count
// rows; a state is passed over in blocks that lie stride rows apart.
//
// Assembly may fuse multiplications with additions and split a sum over several
// accumulators, but in the same way whatever its vector width, so that kernels
// of one class agree bit for bit.
type loops struct {
	phases  func(z, gamma []float32, rows int)
	factors func(a, b, z, coefficients []float32, rows int)
	powers  func(dst, z []float32, bits int)
	tensor  func(dst, a, b []float32, bits int)
	scale   func(dst, src, scalars []float32, from []int32)

	rotate             rotations
	gather             func(dst, src, phases []float32, from []int32)
	gatherAdjoint      func(dst, src, phases []float32, from []int32)
	gatherBlock        func(dst, src, phases, phase []float32, from []int32)
	gatherBlockAdjoint func(dst, src, phases, phase []float32, from []int32)
	join               func(dst, low, high []float32, blocks, rows, stride, odd int)

	overlapXY  overlaps
	overlapY   overlaps
	overlapDot func(low, high, l, p []float32, blocks, rows, stride int)
	marginals  func(dst, v []float32, bits int)
	contract   func(pulledLow, pulledHigh, l, low, high []float32, blocks, rows, stride, odd int)
	sums       func(dst, v []float32)

	probabilities func(dst, src []float32, words []int32, blocks, rows, stride int)
	weigh         func(dst, src, weights []float32, words []int32, blocks, rows, stride int)
	sample        func(counts *[Lanes]int32, uniform *half, src []float32, blocks, rows, stride int)
}
