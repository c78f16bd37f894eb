package circuit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// The generated functions against the Go loops that specify them, each on
// random arrays with guards around them.

// guarded is an array between guard values, at any alignment of a float.
type guarded struct{ all, values []float32 }

const guard = 12345.5

func newGuarded(r *rand.Rand, n int) guarded {
	const margin = 40
	all := aligned(n + 2*margin)
	for i := range all {
		all[i] = guard
	}
	first := margin - 16 + r.IntN(17) // a multiple of a line apart, or not
	g := guarded{all, all[first : first+n]}
	for i := range g.values {
		g.values[i] = anyFloat(r)
	}
	return g
}

// anyFloat draws numbers of the sizes that occur, among them zeros and subnormals.
func anyFloat(r *rand.Rand) float32 {
	switch r.IntN(40) {
	case 0:
		return 0
	case 1:
		return math.Float32frombits(r.Uint32N(1 << 23)) // subnormal
	case 2:
		return float32(math.Ldexp(1, -70)) // whose square is subnormal
	}
	return 2*r.Float32() - 1
}

func (g guarded) intact() bool {
	inside := func(i int) bool { return len(g.values) > 0 && &g.all[i] == &g.values[0] }
	for i := 0; i < len(g.all); i++ {
		if inside(i) {
			i += len(g.values) - 1
		} else if g.all[i] != guard {
			return false
		}
	}
	return true
}

// trial draws the arguments of one call; the same seed gives the same ones. The
// arrays it calls written are compared.
type trial struct {
	r       *rand.Rand
	written []guarded
	read    []guarded
}

func (t *trial) out(rows int) []float32 { return t.outFloats(rows * width) }
func (t *trial) in(rows int) []float32  { return t.inFloats(rows * width) }
func (t *trial) inFloats(n int) []float32 {
	g := newGuarded(t.r, n)
	t.read = append(t.read, g)
	return g.values
}

func (t *trial) outFloats(n int) []float32 {
	g := newGuarded(t.r, n)
	t.written = append(t.written, g)
	return g.values
}

func (t *trial) upTo(n int) int { return 1 + t.r.IntN(n) }

// numbers draws n row numbers below rows; distinct ones where rows are written.
func (t *trial) numbers(n, rows int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(t.r.IntN(rows))
	}
	return v
}

func (t *trial) permutation(n int) []int32 {
	v := make([]int32, n)
	for i, x := range t.r.Perm(n) {
		v[i] = int32(x)
	}
	return v
}

// anySpan draws a span of rows with 2^bits partners each, and the rows it needs.
func (t *trial) anySpan(bits int) (s *span, rows int) {
	run, lines, groups := t.upTo(4), t.upTo(3), t.upTo(3)
	gap := t.r.IntN(2)
	if t.r.IntN(2) == 0 { // as rowSpan
		s = &span{apart: run, run: run, lines: lines, lineStride: run<<bits + gap, groups: groups}
		s.groupStride = s.lines*s.lineStride + gap
		return s, s.groups * s.groupStride
	}
	s = &span{run: run, lines: lines, lineStride: run + gap, groups: groups} // as blockSpan
	s.apart = s.lines*s.lineStride + gap
	s.groupStride = s.apart << bits
	return s, s.groups * s.groupStride
}

// inner are the calls of every inner loop with drawn arguments.
var inner = map[string]func(l *loops, t *trial){
	"phases": func(l *loops, t *trial) {
		rows := t.upTo(5)
		gamma := t.inFloats(rows * Lanes)
		for i := range gamma {
			gamma[i] *= float32(math.Exp(8 * t.r.NormFloat64()))
		}
		l.phases(t.out(rows), gamma, rows)
	},
	"factors": func(l *loops, t *trial) {
		rows := t.upTo(5)
		l.factors(t.out(rows), t.out(rows), t.in(rows), t.inFloats(8*rows), rows)
	},
	"powers": func(l *loops, t *trial) {
		bits := t.upTo(6)
		l.powers(t.out(1<<bits), t.in(bits), bits)
	},
	"tensor": func(l *loops, t *trial) {
		bits := t.upTo(6)
		l.tensor(t.out(1<<bits), t.in(bits), t.in(bits), bits)
	},
	"scale": func(l *loops, t *trial) {
		n, rows := t.upTo(9)-1, t.upTo(9)
		l.scale(t.out(n), t.in(rows), t.inFloats(2*n), t.numbers(n, rows))
	},
	"rotate1": func(l *loops, t *trial) { rotateTrial(l, t, 1) },
	"rotate2": func(l *loops, t *trial) { rotateTrial(l, t, 2) },
	"rotate3": func(l *loops, t *trial) { rotateTrial(l, t, 3) },
	"gather": func(l *loops, t *trial) {
		n, rows := t.upTo(9)-1, t.upTo(9)
		l.gather(t.out(n), t.in(rows), t.in(n), t.numbers(n, rows))
	},
	"gatherAdjoint": func(l *loops, t *trial) {
		n := t.upTo(9)
		l.gatherAdjoint(t.out(n), t.in(n), t.in(n), t.permutation(n))
	},
	"gatherBlock": func(l *loops, t *trial) {
		n, rows := t.upTo(9)-1, t.upTo(9)
		l.gatherBlock(t.out(n), t.in(rows), t.in(n), t.in(1), t.numbers(n, rows))
	},
	"gatherBlockAdjoint": func(l *loops, t *trial) {
		n := t.upTo(9)
		l.gatherBlockAdjoint(t.out(n), t.in(n), t.in(n), t.in(1), t.permutation(n))
	},
	"join": func(l *loops, t *trial) {
		blocks, rows, gap := t.upTo(5), t.upTo(5), t.r.IntN(2)
		odd := rows + blocks
		table := t.in(2 * odd)
		l.join(t.out(blocks*(rows+gap)), table, table[rows*width:], blocks, rows, rows+gap, odd)
	},
	"contract": func(l *loops, t *trial) {
		blocks, rows, gap := t.upTo(5), t.upTo(5), t.r.IntN(2)
		odd := rows + blocks
		pulled, table := t.out(2*odd), t.in(2*odd)
		l.contract(pulled, pulled[rows*width:], t.in(blocks*(rows+gap)), table, table[rows*width:], blocks, rows, rows+gap, odd)
	},
	"overlapXY1": func(l *loops, t *trial) { overlapTrial(l.overlapXY[1], t, 1) },
	"overlapXY2": func(l *loops, t *trial) { overlapTrial(l.overlapXY[2], t, 2) },
	"overlapY1":  func(l *loops, t *trial) { overlapTrial(l.overlapY[1], t, 1) },
	"overlapY2":  func(l *loops, t *trial) { overlapTrial(l.overlapY[2], t, 2) },
	"overlapDot": func(l *loops, t *trial) {
		blocks, rows, gap := t.upTo(5), t.upTo(5), t.r.IntN(2)
		n := blocks * (rows + gap)
		l.overlapDot(t.outFloats(rows*Lanes), t.outFloats(blocks*Lanes), t.in(n), t.in(n), blocks, rows, rows+gap)
	},
	"marginals": func(l *loops, t *trial) {
		bits := t.r.IntN(6)
		l.marginals(t.outFloats(bits*Lanes), t.outFloats(Lanes<<bits), bits)
	},
	"sums": func(l *loops, t *trial) {
		n := t.r.IntN(9)
		l.sums(t.outFloats(n), t.inFloats(n*Lanes))
	},
	"probabilities": func(l *loops, t *trial) {
		blocks, rows, gap, words := t.upTo(5), t.upTo(5), t.r.IntN(2), t.upTo(9)
		l.probabilities(t.outFloats(words*Lanes), t.in(blocks*(rows+gap)), t.numbers(blocks*rows, words), blocks, rows, rows+gap)
	},
	"weigh": func(l *loops, t *trial) {
		blocks, rows, gap, words := t.upTo(5), t.upTo(5), t.r.IntN(2), t.upTo(9)
		n := blocks * (rows + gap)
		l.weigh(t.out(n), t.in(n), t.inFloats(words*Lanes), t.numbers(blocks*rows, words), blocks, rows, rows+gap)
	},
	"sample": func(l *loops, t *trial) {
		blocks, rows, gap := t.upTo(5), t.upTo(5), t.r.IntN(2)
		var counts [Lanes]int32
		var uniform half
		src := t.in(blocks * (rows + gap))
		for i := range uniform { // far from any running sum: a count must not hang on a rounding
			uniform[i] = float32(blocks*rows) * t.r.Float32()
		}
		l.sample(&counts, &uniform, src, blocks, rows, rows+gap)
		got := t.outFloats(Lanes)
		for i, c := range counts {
			got[i] = float32(c)
		}
	},
}

func rotateTrial(l *loops, t *trial, bits int) {
	s, rows := t.anySpan(bits)
	l.rotate[bits](t.out(rows), t.inFloats(bits), s)
}

func overlapTrial(overlap func(acc, l, p []float32, s *span), t *trial, bits int) {
	s, rows := t.anySpan(bits)
	overlap(t.out(bits), t.in(rows), t.in(rows), s)
}

// roundings is how far fused and unfused sums of up to some hundred terms of
// size one may part.
const roundings = 1e-5

// compareLoop runs one inner loop of two kernels on the same arguments.
func compareLoop(t *testing.T, name string, got, want *loops, seed uint64, tolerance float64) {
	t.Helper()
	run := func(l *loops) *trial {
		trial := &trial{r: rand.New(rand.NewPCG(seed, 7))}
		inner[name](l, trial)
		return trial
	}
	g, w := run(got), run(want)
	for i := range w.written {
		for j, x := range w.written[i].values {
			y := g.written[i].values[j]
			same := math.Float32bits(x) == math.Float32bits(y)
			if !same && !(math.Abs(float64(x-y)) <= tolerance*max(1, math.Abs(float64(x)))) {
				t.Fatalf("%s, seed %d: array %d has %g at %d, want %g", name, seed, i, y, j, x)
			}
		}
	}
	for _, a := range append(g.written, g.read...) {
		if !a.intact() {
			t.Fatalf("%s, seed %d: wrote outside its array", name, seed)
		}
	}
}

// Every kernel does what the Go loops say, but for roundings.
func TestLoopsAgreeWithPortable(t *testing.T) {
	for _, k := range Kernels() {
		for name := range inner {
			t.Run(fmt.Sprintf("%s/%s", k.Name, name), func(t *testing.T) {
				for seed := range uint64(200) {
					compareLoop(t, name, k.loops, &portable, seed, roundings)
				}
			})
		}
	}
}

// Kernels of one class agree bit for bit.
func TestLoopsOfOneClassAgreeToTheBit(t *testing.T) {
	kernels := Kernels()
	for i, k := range kernels {
		for _, other := range kernels[:i] {
			if k.Class != other.Class {
				continue
			}
			for name := range inner {
				t.Run(fmt.Sprintf("%s=%s/%s", k.Name, other.Name, name), func(t *testing.T) {
					for seed := range uint64(500) {
						compareLoop(t, name, k.loops, other.loops, seed, 0)
					}
				})
			}
		}
	}
}

func FuzzLoops(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		for name := range inner {
			for i, k := range Kernels() {
				compareLoop(t, name, k.loops, &portable, seed, roundings)
				if i > 0 && Kernels()[i-1].Class == k.Class {
					compareLoop(t, name, k.loops, Kernels()[i-1].loops, seed, 0)
				}
			}
		}
	})
}
