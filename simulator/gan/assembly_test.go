package gan

import (
	"math"
	"testing"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/internal/kerneltest"
)

// inner returns the suite that compares the generated functions with the Go loops
// that specify them.
func inner() kerneltest.Suite[loops] {
	s := kerneltest.Suite[loops]{Calls: calls, Tolerance: 1e-5}
	for _, k := range circuit.Kernels() {
		s.Kernels = append(s.Kernels, kerneltest.Kernel[loops]{Name: k.Name, Class: k.Class, Loops: loopsOf(k)})
	}
	return s
}

func TestLoops(t *testing.T) { inner().Test(t) }

func FuzzLoops(f *testing.F) { inner().Fuzz(f) }

// calls holds a call of every inner loop with drawn arguments.
var calls = map[string]func(l *loops, t *kerneltest.Trial){
	"sumRows": func(l *loops, t *kerneltest.Trial) {
		stride, rows, members := anyStride(t), t.UpTo(70), t.UpTo(140)
		src, table := t.In(members*stride), make([]float32, stride<<tableMembers)
		l.sumSubsets(table, src[:min(members, tableMembers)*stride], stride)
		l.sumRows(t.Out(rows*stride), src, table, anySets(t, rows, members), rows, stride)
	},
	"addRows": func(l *loops, t *kerneltest.Trial) {
		stride, rows, members := anyStride(t), t.UpTo(70), t.UpTo(140)
		l.addRows(t.Out(rows*stride), t.In(members*stride), make([]float32, stride), anySets(t, rows, members), rows, stride)
	},
	"fillSets": func(l *loops, t *kerneltest.Trial) {
		neurons, timesteps, windows, rows := t.UpTo(20), t.UpTo(10), t.UpTo(40), 40+t.IntN(60)
		dst := t.OutBits32(len(newSets(rows, neurons*timesteps+1)))
		words, lane, step := windows*timesteps, timesteps, 1
		if t.IntN(2) == 0 {
			words, lane, step = (windows+lanes-1)/lanes*lanes*timesteps, 1, lanes
		}
		l.fillSets(dst[t.IntN(rows-windows+1):], anyWords(t, words, 1<<neurons), windows, neurons, timesteps, rows, lane, step)
	},
	"transposeSets": func(l *loops, t *kerneltest.Trial) {
		rows, columns := t.UpTo(140), t.UpTo(140)
		l.transposeSets(t.OutBits32(len(newSets(columns, rows))), anySets(t, rows, columns), rows, columns)
	},
	"switchOn": func(l *loops, t *kerneltest.Trial) {
		n := t.UpTo(4) * width
		l.switchOn(t.Out(n), t.In(n), t.Float32())
	},
	"switchOn in place": func(l *loops, t *kerneltest.Trial) {
		v := t.Out(t.UpTo(4) * width)
		l.switchOn(v, v, t.Float32())
	},
	"unitsOn": func(l *loops, t *kerneltest.Trial) {
		stride := anyStride(t)
		l.unitsOn(t.OutBits32(lanes*stride/setUnits), t.In(t.UpTo(lanes)*stride), stride)
	},
	"unitsBetween": func(l *loops, t *kerneltest.Trial) {
		stride, used := anyStride(t), t.UpTo(lanes)
		l.unitsBetween(t.OutBits32(lanes*stride/setUnits), t.In(used*stride), t.In(used*stride), t.In(used), stride)
	},
	"backSecond": func(l *loops, t *kerneltest.Trial) {
		stride, inputs := anyStride(t), t.UpTo(20)
		l.backSecond(t.Out(inputs*stride), t.Out(stride), t.In(inputs*stride), t.In(stride))
	},
	"inputSlopes": func(l *loops, t *kerneltest.Trial) {
		stride, inputs, blocks := anyStride(t), t.UpTo(20), t.UpTo(3)
		on := anyWords(t, blocks*lanes*stride/setUnits, math.MaxUint32)
		l.inputSlopes(t.Out(blocks*inputs*lanes), t.In(inputs*stride), t.In(stride), on, inputs, blocks)
	},
	"sumSquares": func(l *loops, t *kerneltest.Trial) {
		l.sumSquares((*laneRow)(t.Out(lanes)), t.In(t.IntN(20)*lanes))
	},
	"penaltyScale": func(l *loops, t *kerneltest.Trial) {
		scale, squares, least := (*laneRow)(t.Out(lanes)), (*laneRow)(t.In(lanes)), 0.0
		if t.IntN(2) == 0 {
			least = math.Inf(-1)
		}
		for lane, x := range squares {
			squares[lane] = 2 * x * x * float32(t.IntN(2))
		}
		report(t, l.penaltyScale(scale, squares, least, -10*t.Float64()))
	},
	"spreadSlopes": func(l *loops, t *kerneltest.Trial) {
		stride, inputs, scale := anyStride(t), t.UpTo(20), t.In(lanes)
		for lane := range scale {
			scale[lane] *= float32(t.IntN(2))
		}
		l.spreadSlopes(t.Out(inputs*stride), t.Out(inputs*lanes), anyWords(t, lanes*stride/setUnits, math.MaxUint32), (*laneRow)(scale), stride)
	},
	"sumWords": func(l *loops, t *kerneltest.Trial) {
		stride, bits := lanes*t.UpTo(6), t.IntN(7)
		l.sumWords(t.Out(stride<<bits), t.In(bits*stride), stride)
	},
	"sumSubsets": func(l *loops, t *kerneltest.Trial) {
		stride, bits := anyStride(t), t.IntN(7)
		l.sumSubsets(t.Out(stride<<bits), t.In(bits*stride), stride)
	},
	"reach": func(l *loops, t *kerneltest.Trial) {
		stride := anyStride(t)
		l.reach(t.Out(stride), t.In(t.UpTo(10)*stride))
	},
	"findSwitched": func(l *loops, t *kerneltest.Trial) {
		stride, used, highs := anyStride(t), t.UpTo(lanes), 1<<t.IntN(4)
		drawn := anyWords(t, used, lanes*highs)
		reach := t.In(stride)
		for h := range reach {
			reach[h] += 1
		}
		sets, on := t.OutBits(2*used*stride/width), anyWords(t, lanes*stride/setUnits, math.MaxUint32)
		l.findSwitched(sets, t.Out(used*stride), t.In(used*stride), on, drawn, t.In(lanes*stride), t.In(highs*stride), reach, stride)
	},
	"bend": func(l *loops, t *kerneltest.Trial) {
		stride, used, highs := anyStride(t), t.UpTo(lanes), 2<<t.IntN(4)
		sets := make([]uint64, 2*used*stride/width)
		for i := range sets {
			sets[i] = t.Uint64() & t.Uint64()
		}
		middles, low, second := t.In(used*stride), t.In(stride*lanes), t.In(stride)
		dst := t.Out(used * (highs + 1) * lanes)
		l.bend(dst, sets, middles, low, t.In(highs*stride), second, highs, stride)
	},
	"enumerate": func(l *loops, t *kerneltest.Trial) {
		stride, words := anyStride(t), 2<<t.IntN(lowBits)
		dst, switches, rows := t.Out(words*lanes), t.In(stride*lanes), t.In(stride*lanes)
		l.enumerate(dst, switches, rows, (*[lanes]uint32)(anyWords(t, lanes, lanes)), t.In(stride*lanes), t.In(stride), t.In(stride))
	},
	"transpose": func(l *loops, t *kerneltest.Trial) {
		rows := 8 * t.UpTo(4)
		stride := rows + lanes*t.IntN(2)
		l.transpose(t.Out(rows*lanes), t.In(stride*lanes), stride)
	},
	"addTranspose": func(l *loops, t *kerneltest.Trial) {
		rows := 8 * t.UpTo(4)
		stride := rows + lanes*t.IntN(2)
		l.addTranspose(t.Out(rows*lanes), t.In(stride*lanes), stride)
	},
	"addCounts": func(l *loops, t *kerneltest.Trial) {
		bits := t.IntN(8)
		l.addCounts(t.Out(lanes<<bits), t.In((bits+1)*lanes))
	},
	"adam32": func(l *loops, t *kerneltest.Trial) {
		n := t.IntN(40)
		parameters, gradient, mean, square := t.Out(n), t.In(n), t.Out(n), t.Out(n)
		for i, v := range square {
			square[i] = v * v
		}
		report(t, l.adam32(parameters, gradient, mean, square, &adamCoefficients[float32]{0.9, 0.1, 0.99, 0.01, 0.05, 1.5, adamEpsilon, adamFloor}))
	},
	"adam64": func(l *loops, t *kerneltest.Trial) {
		n := t.IntN(20)
		parameters, gradient, mean, square := t.Out64(n), t.In64(n), t.Out64(n), t.Out64(n)
		for i, v := range square {
			square[i] = v * v
		}
		report(t, l.adam64(parameters, gradient, mean, square, &adamCoefficients[float64]{0.9, 0.1, 0.99, 0.01, 0.05, 1.5, adamEpsilon, adamFloor}))
	},
	"float32s": func(l *loops, t *kerneltest.Trial) {
		state := t.OutBits(2)
		state[0], state[1] = l.float32s(t.Out(lanes*t.IntN(8)), t.Uint64(), t.Uint64())
	},
}

// anyWords draws n numbers below words.
func anyWords(t *kerneltest.Trial, n, words int) []uint32 {
	drawn := make([]uint32, n)
	for lane := range drawn {
		drawn[lane] = t.Uint32N(uint32(words))
	}
	return drawn
}

func anyStride(t *kerneltest.Trial) int { return width * t.UpTo(3) }

// anySets draws sets of up to so many members.
func anySets(t *kerneltest.Trial, rows, members int) []uint32 {
	sets := newSets(rows, members)
	for i := range members {
		for j := range rows {
			if t.IntN(4) == 0 {
				sets[i/32*padded(rows)+j] |= 1 << (i % 32)
			}
		}
	}
	return sets
}

// report makes a result of the loop an output.
func report(t *kerneltest.Trial, ok bool) {
	number := t.Out(1)
	number[0] = 0
	if ok {
		number[0] = 1
	}
}

// TestAdamReportsNonFiniteParameters tries an infinite parameter at every index.
func TestAdamReportsNonFiniteParameters(t *testing.T) {
	for _, k := range inner().Kernels {
		for _, n := range []int{1, 3, 7, 8, 9, 33} {
			for at := range n {
				if adamStaysFinite(k.Loops.adam32, n, at) {
					t.Errorf("%s: parameter %d of %d float32 is infinite", k.Name, at, n)
				}
				if adamStaysFinite(k.Loops.adam64, n, at) {
					t.Errorf("%s: parameter %d of %d float64 is infinite", k.Name, at, n)
				}
			}
			if !adamStaysFinite(k.Loops.adam32, n, -1) || !adamStaysFinite(k.Loops.adam64, n, -1) {
				t.Errorf("%s: %d finite parameters are reported as not finite", k.Name, n)
			}
		}
	}
}

// adamStaysFinite makes an update of n parameters and returns the loop's report.
// The parameter at index at, if any, is infinite.
func adamStaysFinite[F float32 | float64](loop adamLoop[F], n, at int) bool {
	parameters, zeros := make([]F, n), make([]F, n)
	if at >= 0 {
		parameters[at] = 1 / zeros[0]
	}
	return loop(parameters, zeros, make([]F, n), make([]F, n), &adamCoefficients[F]{0.9, 0.1, 0.99, 0.01, 0.05, 1.5, adamEpsilon, adamFloor})
}
