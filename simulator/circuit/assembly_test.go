package circuit

import (
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"unsafe"

	"spiqsweep/simulator/internal/kerneltest"
)

// inner returns the suite that compares the generated functions with the Go loops
// that specify them. Its tolerance allows for the fusing of sums of up to a few
// hundred terms of size one.
func inner() kerneltest.Suite[loops] {
	s := kerneltest.Suite[loops]{Tolerance: 1e-5, Calls: map[string]func(*loops, *kerneltest.Trial){}}
	for name, call := range calls {
		s.Calls[name] = func(l *loops, t *kerneltest.Trial) { call(l, trial{t}) }
	}
	for _, k := range Kernels() {
		s.Kernels = append(s.Kernels, kerneltest.Kernel[loops]{Name: k.Name, Class: k.Class, Loops: loopsOf(k)})
	}
	return s
}

func TestLoops(t *testing.T) { inner().Test(t) }

// TestAVX2HasSixteenRegisters checks that AVX2 functions do not use registers 16 to
// 31, which exist only with AVX-512. On a machine with AVX-512 they would work.
func TestAVX2HasSixteenRegisters(t *testing.T) {
	wide := regexp.MustCompile(`\b[XYZ](1[6-9]|2[0-9]|3[01])\b`)
	for _, path := range []string{"kernel_amd64.s", "../gan/kernel_amd64.s", "../internal/peak/kernel_amd64.s"} {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		functions := 0
		for function := range strings.SplitSeq(string(source), "\nTEXT ") {
			name, body, _ := strings.Cut(function, "(SB)")
			if !strings.HasSuffix(name, "AVX2") {
				continue
			}
			functions++
			if register := wide.FindString(body); register != "" {
				t.Errorf("%s: %s uses %s", path, name, register)
			}
		}
		if functions == 0 {
			t.Errorf("%s: there is no AVX2 function", path)
		}
	}
}

func FuzzLoops(f *testing.F) { inner().Fuzz(f) }

// trial draws rows of complex numbers, and the numbers of rows.
type trial struct{ *kerneltest.Trial }

func (t trial) out(rows int) []float32 { return t.Out(rows * width) }
func (t trial) in(rows int) []float32  { return t.In(rows * width) }

// outOf draws n values of float64 or int64 that the loop writes. Kernels must agree exactly.
func outOf[T any](t trial, n int) []T {
	words := t.OutBits(n * int(unsafe.Sizeof(*new(T))/8))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// numbers draws n row indices below rows.
func (t trial) numbers(n, rows int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(t.IntN(rows))
	}
	return v
}

func (t trial) permutation(n int) []int32 {
	v := make([]int32, n)
	for i, x := range t.Perm(n) {
		v[i] = int32(x)
	}
	return v
}

// anySpan draws a span of rows with 2^bits partners each, and the rows it needs.
func (t trial) anySpan(bits int) (s *span, rows int) {
	run, lines, groups := t.UpTo(4), t.UpTo(3), t.UpTo(3)
	gap := t.IntN(2)
	if t.IntN(2) == 0 { // as rowSpan
		s = &span{apart: run, run: run, lines: lines, lineStride: run<<bits + gap, groups: groups}
		s.groupStride = s.lines*s.lineStride + gap
		return s, s.groups * s.groupStride
	}
	s = &span{run: run, lines: lines, lineStride: run + gap, groups: groups} // as blockSpan
	s.apart = s.lines*s.lineStride + gap
	s.groupStride = s.apart << bits
	return s, s.groups * s.groupStride
}

// pairs draws pairs of complex numbers.
func (t trial) pairs(n int) []phasePair {
	x, pairs := t.In64(4*n), make([]phasePair, n)
	for i := range pairs {
		pairs[i] = phasePair{complex(x[4*i], x[4*i+1]), complex(x[4*i+2], x[4*i+3])}
	}
	return pairs
}

// calls holds a call of every inner loop with drawn arguments.
var calls = map[string]func(l *loops, t trial){
	"turns": func(l *loops, t trial) {
		angles := t.In64(4 * t.UpTo(5))
		for i := range angles {
			angles[i] *= 100
		}
		l.turns(outOf[turn](t, len(angles)), angles)
	},
	"gates": func(l *loops, t trial) {
		n := 4 * t.UpTo(5)
		angles, drawn := t.In64(2*n), make([]turn, 2*n)
		for i := range angles {
			angles[i] *= 10
		}
		turns(drawn, angles)
		l.gates(outOf[gate](t, n), drawn)
	},
	"monomials": func(l *loops, t trial) {
		factors := t.pairs(t.UpTo(5))
		l.monomials(outOf[phasePair](t, 1<<len(factors)), factors, t.Float64())
	},
	"scalars": func(l *loops, t trial) {
		products, first := t.pairs(2*t.UpTo(5)), t.UpTo(9)
		from := make([]int32, len(products))
		for i := range from {
			from[i] = int32(first + t.IntN(len(from)))
		}
		l.scalars(t.Out(2*len(from)), products, from, first)
	},
	"phases": func(l *loops, t trial) {
		rows := t.UpTo(5)
		gamma := t.In(rows * Lanes)
		for i := range gamma {
			gamma[i] *= float32(math.Exp(8 * t.NormFloat64()))
		}
		l.phases(t.out(rows), gamma, rows)
	},
	"factors": func(l *loops, t trial) {
		rows := t.UpTo(5)
		l.factors(t.out(rows), t.out(rows), t.in(rows), t.In(8*rows), rows)
	},
	"powers": func(l *loops, t trial) {
		bits := t.UpTo(6)
		l.powers(t.out(1<<bits), t.in(bits), bits)
	},
	"tensor": func(l *loops, t trial) {
		bits := t.UpTo(6)
		l.tensor(t.out(1<<bits), t.in(bits), t.in(bits), bits)
	},
	"scale": func(l *loops, t trial) {
		n, rows := t.UpTo(9)-1, t.UpTo(9)
		l.scale(t.out(n), t.in(rows), t.In(2*n), t.numbers(n, rows))
	},
	"rotate1": func(l *loops, t trial) { rotateTrial(l, t, 1) },
	"rotate2": func(l *loops, t trial) { rotateTrial(l, t, 2) },
	"rotate3": func(l *loops, t trial) { rotateTrial(l, t, 3) },
	"rotate4": func(l *loops, t trial) {
		s, rows := t.anySpan(4)
		p, tangents := t.out(rows), t.In(4)
		if l.rotate[4] != nil {
			l.rotate[4](p, tangents, s)
			return
		}
		for g := range s.groups {
			for line := range s.lines {
				for i := range s.run {
					first := g*s.groupStride + line*s.lineStride + i
					l.rotate[2](p[first*width:], tangents, &span{apart: s.apart, run: 1, lines: 4, lineStride: 4 * s.apart, groups: 1})
					l.rotate[2](p[first*width:], tangents[2:], &span{apart: 4 * s.apart, run: 1, lines: 4, lineStride: s.apart, groups: 1})
				}
			}
		}
	},
	"gather": func(l *loops, t trial) {
		n, rows := t.UpTo(9)-1, t.UpTo(9)
		l.gather(t.out(n), t.in(rows), t.in(n), t.numbers(n, rows))
	},
	"gatherAdjoint": func(l *loops, t trial) {
		n := t.UpTo(9)
		l.gatherAdjoint(t.out(n), t.in(n), t.in(n), t.permutation(n))
	},
	"gatherBlock": func(l *loops, t trial) {
		n, rows := t.UpTo(9)-1, t.UpTo(9)
		l.gatherBlock(t.out(n), t.in(rows), t.in(n), t.in(1), t.numbers(n, rows))
	},
	"gatherBlockAdjoint": func(l *loops, t trial) {
		n := t.UpTo(9)
		l.gatherBlockAdjoint(t.out(n), t.in(n), t.in(n), t.in(1), t.permutation(n))
	},
	"gatherRotate": func(l *loops, t trial) {
		n, rows := t.IntN(3)<<fusedBits, t.UpTo(9)
		dst, src, phases, from, tangents := t.out(n), t.in(rows), t.in(n), t.numbers(n, rows), t.In(fusedBits)
		if l.gatherRotate != nil {
			l.gatherRotate(dst, src, phases, from, tangents)
			return
		}
		l.gather(dst, src, phases, from)
		rotateLowest(l, dst, tangents, n)
	},
	"gatherBlockRotate": func(l *loops, t trial) {
		n, rows := t.IntN(3)<<fusedBits, t.UpTo(9)
		dst, src, phases, phase, from, tangents := t.out(n), t.in(rows), t.in(n), t.in(1), t.numbers(n, rows), t.In(fusedBits)
		if l.gatherBlockRotate != nil {
			l.gatherBlockRotate(dst, src, phases, phase, from, tangents)
			return
		}
		l.gatherBlock(dst, src, phases, phase, from)
		rotateLowest(l, dst, tangents, n)
	},
	"scaleGatherRotate": func(l *loops, t trial) {
		n, rows := t.IntN(3)<<fusedBits, t.UpTo(9)
		dst, src, noise, scalars, tangents := t.out(n), t.in(rows), t.in(rows), t.In(2*n), t.In(fusedBits)
		noiseFrom, from := t.numbers(n, rows), t.numbers(n, rows)
		if l.scaleGatherRotate != nil {
			l.scaleGatherRotate(dst, src, noise, scalars, noiseFrom, from, tangents)
			return
		}
		phases := make([]float32, n*width)
		l.scale(phases, noise, scalars, noiseFrom)
		l.gather(dst, src, phases, from)
		rotateLowest(l, dst, tangents, n)
	},
	"join": func(l *loops, t trial) {
		blocks, rows, gap := t.UpTo(5), t.UpTo(5), t.IntN(2)
		odd := rows + blocks
		table := t.in(2 * odd)
		l.join(t.out(blocks*(rows+gap)), table, table[rows*width:], blocks, rows, rows+gap, odd)
	},
	"contract": func(l *loops, t trial) {
		blocks, rows, gap := t.UpTo(5), t.UpTo(5), t.IntN(2)
		odd := rows + blocks
		pulled, table := t.out(2*odd), t.in(2*odd)
		l.contract(pulled, pulled[rows*width:], t.in(blocks*(rows+gap)), table, table[rows*width:], blocks, rows, rows+gap, odd)
	},
	"overlapXY1": func(l *loops, t trial) { overlapTrial(l.overlapXY[1], t, 1) },
	"overlapXY2": func(l *loops, t trial) { overlapTrial(l.overlapXY[2], t, 2) },
	"overlapY1":  func(l *loops, t trial) { overlapTrial(l.overlapY[1], t, 1) },
	"overlapY2":  func(l *loops, t trial) { overlapTrial(l.overlapY[2], t, 2) },
	"overlapDot": func(l *loops, t trial) {
		blocks, rows, gap := t.UpTo(5), t.UpTo(5), t.IntN(2)
		n := blocks * (rows + gap)
		l.overlapDot(t.Out(rows*Lanes), t.Out(blocks*Lanes), t.in(n), t.in(n), blocks, rows, rows+gap)
	},
	"marginals": func(l *loops, t trial) {
		bits := t.IntN(6)
		l.marginals(t.Out(bits*Lanes), t.Out(Lanes<<bits), bits)
	},
	"sums": func(l *loops, t trial) {
		n := t.IntN(9)
		l.sums(t.Out(n), t.In(n*Lanes))
	},
	"probabilities": func(l *loops, t trial) {
		blocks, rows, gap := t.UpTo(5), t.UpTo(5), t.IntN(2)
		n := blocks * rows
		l.probabilities(t.Out(n*Lanes), t.in(blocks*(rows+gap)), t.permutation(n), blocks, rows, rows+gap)
	},
	"addProbabilities": func(l *loops, t trial) {
		blocks, rows, gap, words := t.UpTo(5), t.UpTo(5), t.IntN(2), t.UpTo(9)
		l.addProbabilities(t.Out(words*Lanes), t.in(blocks*(rows+gap)), t.numbers(blocks*rows, words), blocks, rows, rows+gap)
	},
	"weigh": func(l *loops, t trial) {
		blocks, rows, gap, words := t.UpTo(5), t.UpTo(5), t.IntN(2), t.UpTo(9)
		n := blocks * (rows + gap)
		l.weigh(t.out(n), t.in(n), t.In(words*Lanes), t.numbers(blocks*rows, words), blocks, rows, rows+gap)
	},
	"sample": func(l *loops, t trial) {
		blocks, rows, gap := t.UpTo(5), t.UpTo(5), t.IntN(2)
		var drawn [Lanes]uint32
		var uniform half
		src := t.in(blocks * (rows + gap))
		for i := range uniform { // far from any running sum: a draw must not hang on a rounding
			uniform[i] = 3 * float32(blocks*rows) * t.Float32()
		}
		clear(src[len(src)-t.IntN(rows)*width:]) // impossible rows are not drawn above the whole sum
		l.sample(&drawn, &uniform, src, t.permutation(blocks*rows), blocks, rows, rows+gap)
		got := t.Out(Lanes)
		for i, w := range drawn {
			got[i] = float32(w)
		}
	},
}

func rotateTrial(l *loops, t trial, bits int) {
	s, rows := t.anySpan(bits)
	l.rotate[bits](t.out(rows), t.In(bits), s)
}

// rotateLowest rotates the lowest bits of the indices of n rows.
func rotateLowest(l *loops, p, tangents []float32, n int) {
	s := rowSweeps(0, fusedBits, n>>fusedBits, 1<<fusedBits)
	l.rotate.over(&s, p, tangents)
}

func overlapTrial(overlap func(acc, l, p []float32, s *span), t trial, bits int) {
	s, rows := t.anySpan(bits)
	overlap(t.out(bits), t.in(rows), t.in(rows), s)
}
