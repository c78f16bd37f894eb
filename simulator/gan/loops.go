package gan

import (
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// lanes is the number of samples or outcomes that a loop processes together.
const lanes = circuit.Lanes

type laneRow = [lanes]float32

// setUnits is the number of hidden units in a word of a set. The sets of the units
// that are active in the lanes of a block are [stride/setUnits][lane].
const setUnits = 32

type laneSets = [lanes]uint32

// loops is the table of a kernel's inner loops. The portable loops, in plain Go,
// specify the results. Rows over hidden units have stride floats, a multiple of
// width. A loop processes a whole batch or block, because a call per row would
// cost more than the row.
//
// Assembly may fuse multiplications with additions, but must do so identically for
// every vector width, so that kernels of one class agree bit for bit.
type loops struct {
	// The critic's first layer, for windows given as sets of inputs: [input/32][window],
	// padded to multiples of 64 inputs and windows.
	fillSets      func(dst, words []uint32, windows, neurons, timesteps, rows, lane, step int)
	sumSubsets    func(table, columns []float32, stride int)
	sumRows       func(dst, src, table []float32, sets []uint32, rows, stride int)
	addRows       func(dst, src, zeros []float32, sets []uint32, rows, stride int)
	transposeSets func(dst, src []uint32, rows, columns int)

	// The hidden units and the second layer.
	switchOn     func(dst, src []float32, value float32)
	unitsOn      func(on []uint32, rows []float32, stride int)
	unitsBetween func(on []uint32, a, b, u []float32, stride int)
	backSecond   func(columnGradients, secondGradient, columns, second []float32)

	// The critic's slopes with respect to its inputs.
	inputSlopes  func(dst, first, second []float32, on []uint32, inputs, blocks int)
	sumSquares   func(sums *laneRow, slopes []float32)
	penaltyScale func(scale, squares *laneRow, least, factor float64) bool
	spreadSlopes func(columnGradients, slopes []float32, on []uint32, scale *laneRow, stride int)

	// All outcomes of a patch.
	sumWords     func(table, columns []float32, stride int)
	reach        func(dst, columns []float32)
	findSwitched func(switched []uint64, middles, rows []float32, on []uint32, drawn []uint32, lowWords, highWords, reach []float32, stride int)
	bend         func(dst []float32, switched []uint64, middles, low, highWords, second []float32, highs, stride int)
	enumerate    func(dst, switches, rows []float32, drawn *[lanes]uint32, low, reach, second []float32)
	transpose    func(dst, src []float32, stride int)
	addTranspose func(dst, src []float32, stride int)
	addCounts    func(weights, counts []float32)

	adam32 adamLoop[float32]
	adam64 adamLoop[float64]

	// Whole rows of random numbers.
	float32s random.Loop
}
