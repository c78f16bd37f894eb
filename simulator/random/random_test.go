package random_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/simulator/random"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// TestFirstDraws guards the derivation of streams: a change of a draw changes every
// result of every sweep.
func TestFirstDraws(t *testing.T) {
	const golden = "testdata/first_draws.txt"
	got := firstDraws()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the draws have changed (-golden +now):\n%s", diff)
	}
}

// firstDraws lists draws of every kind at addresses that differ from the first
// in one part each.
func firstDraws() string {
	base := random.Training{Seed: 1, Neurons: 4, Timesteps: 5, Replicate: 0}
	var b strings.Builder
	row := func(t random.Training, purpose random.Purpose, step, index uint64) {
		g := t.Stream(purpose).At(step, index)
		fmt.Fprintf(&b, "%d %d %d %d %s %d %d: %#016x %v %v %d %d\n",
			t.Seed, t.Neurons, t.Timesteps, t.Replicate, purpose, step, index,
			g.Uint64(), g.Float64(), g.Float32(), g.IntN(1000), g.IntN(1<<62))
	}
	row(base, "noise", 0, 0)
	row(base, "noise", 1, 0)
	row(base, "noise", 0, 1)
	row(base, "noise", math.MaxUint64, math.MaxUint64)
	row(base, "measurement", 0, 0)
	for _, other := range []random.Training{
		{Seed: 2, Neurons: 4, Timesteps: 5, Replicate: 0},
		{Seed: 1, Neurons: 5, Timesteps: 5, Replicate: 0},
		{Seed: 1, Neurons: 4, Timesteps: 6, Replicate: 0},
		{Seed: 1, Neurons: 4, Timesteps: 5, Replicate: 1},
	} {
		row(other, "noise", 0, 0)
	}
	return b.String()
}

// TestGeneratorIsThatOfTheLibrary compares with math/rand/v2 for drawn states.
func TestGeneratorIsThatOfTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step, index := rapid.Uint64().Draw(t, "step"), rapid.Uint64().Draw(t, "index")
		g := random.Training{}.Stream("library").At(step, index)
		want := rand.NewPCG(random.State(g))
		for i := range 10 {
			if x, y := g.Uint64(), want.Uint64(); x != y {
				t.Fatalf("number %d is %#x, want %#x", i, x, y)
			}
		}
	})
}

func TestFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dst := make([]float32, 2*rapid.IntRange(0, 9).Draw(t, "pairs"))
		stream := random.Training{Seed: rapid.Uint64().Draw(t, "seed")}.Stream("floats")
		g, twin := stream.At(0, 0), stream.At(0, 0)
		g.Fill(dst, random.Float32s)
		for i := 0; i < len(dst); i += 2 {
			x := twin.Uint64()
			want := []float32{float32(x>>40) / (1 << 24), float32(x>>8&(1<<24-1)) / (1 << 24)}
			if diff := cmp.Diff(want, dst[i:i+2]); diff != "" {
				t.Fatalf("from number %d on (-want +got):\n%s", i, diff)
			}
		}
		if x, y := g.Uint64(), twin.Uint64(); x != y {
			t.Fatalf("the next number is %#x, want %#x", x, y)
		}
	})
}

// TestNeighboursAreIndependent checks that the first draws of many addresses that
// differ in one part are uniform and do not correlate with those of neighbours.
func TestNeighboursAreIndependent(t *testing.T) {
	const count = 1 << 14
	base := random.Training{Seed: 1, Neurons: 4, Timesteps: 5}
	first := func(t random.Training, purpose random.Purpose, step, index uint64) float64 {
		g := t.Stream(purpose).At(step, index)
		return g.Float64()
	}
	tests := map[string]func(i int) float64{
		"step":  func(i int) float64 { return first(base, "noise", uint64(i), 0) },
		"index": func(i int) float64 { return first(base, "noise", 0, uint64(i)) },
		"step = index": func(i int) float64 {
			return first(base, "noise", uint64(i), uint64(i))
		},
		"replicate": func(i int) float64 {
			return first(random.Training{Seed: 1, Replicate: i}, "noise", 0, 0)
		},
		"seed":    func(i int) float64 { return first(random.Training{Seed: uint64(i)}, "noise", 0, 0) },
		"neurons": func(i int) float64 { return first(random.Training{Neurons: i}, "noise", 0, 0) },
		"purpose": func(i int) float64 { return first(base, random.Purpose(fmt.Sprint(i)), 0, 0) },
	}
	sequence := base.Stream("noise").At(0, 0)
	tests["one generator"] = func(int) float64 { return sequence.Float64() }
	row := make([]float32, count+2)
	sequence.Fill(row, random.Float32s)
	tests["a row"] = func(i int) float64 { return float64(row[i]) }
	for name, draw := range tests {
		t.Run(name, func(t *testing.T) {
			const bins = 64
			var histogram [bins]int
			var correlation float64
			previous := draw(0) - 0.5
			for i := 1; i <= count; i++ {
				x := draw(i)
				histogram[int(x*bins)]++
				correlation += previous * (x - 0.5) * 12 / count
				previous = x - 0.5
			}
			// χ² with 63 degrees of freedom has mean 63 and sd 11.2; the
			// correlation has sd 1/√count. Both bounds are five sd away.
			chi := 0.0
			for _, c := range histogram {
				d := float64(c) - count/bins
				chi += d * d / (count / bins)
			}
			if chi > 63+5*11.2 || chi < 63-5*11.2 {
				t.Errorf("χ² = %.1f over %d bins, want about 63", chi, bins)
			}
			if math.Abs(correlation) > 5/math.Sqrt(count) {
				t.Errorf("correlation of neighbours = %.4f, want 0 ± %.4f", correlation, 1/math.Sqrt(count))
			}
		})
	}
}

// TestEveryBitIsFair checks each of the 64 bits over many addresses.
func TestEveryBitIsFair(t *testing.T) {
	const count = 1 << 14
	stream := random.Training{}.Stream("bits")
	var ones [64]int
	for i := range count {
		g := stream.At(uint64(i/128), uint64(i%128))
		for v, bit := g.Uint64(), 0; bit < 64; bit++ {
			ones[bit] += int(v >> bit & 1)
		}
	}
	for bit, n := range ones {
		if d := math.Abs(float64(n) - count/2); d > 5*math.Sqrt(count)/2 {
			t.Errorf("bit %d is set in %d of %d first draws", bit, n, count)
		}
	}
}

func TestFromShiftsSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := random.Training{Seed: rapid.Uint64().Draw(t, "seed")}.Stream("shift")
		first, second := rapid.Uint64().Draw(t, "first"), rapid.Uint64().Draw(t, "second")
		step, index := rapid.Uint64().Draw(t, "step"), rapid.Uint64().Draw(t, "index")
		got, want := stream.From(first).From(second).At(step, index), stream.At(first+second+step, index)
		if x, y := got.Uint64(), want.Uint64(); x != y {
			t.Fatalf("draws %d, want %d", x, y)
		}
	})
}

func TestIntN(t *testing.T) {
	t.Run("in range and repeatable", rapid.MakeCheck(func(t *rapid.T) {
		n := rapid.IntRange(1, math.MaxInt).Draw(t, "n")
		stream := random.Training{Seed: rapid.Uint64().Draw(t, "seed")}.Stream("int")
		a, b := stream.At(1, 2), stream.At(1, 2)
		if x, y := a.IntN(n), b.IntN(n); x != y || x < 0 || x >= n {
			t.Fatalf("IntN(%d) = %d, then %d", n, x, y)
		}
	}))
	t.Run("as in the library", rapid.MakeCheck(func(t *rapid.T) {
		n := rapid.IntRange(3, math.MaxInt).Filter(func(n int) bool { return n&(n-1) != 0 }).Draw(t, "n")
		row := make([]int, rapid.IntRange(0, 9).Draw(t, "length"))
		g := random.Training{Seed: rapid.Uint64().Draw(t, "seed")}.Stream("int").At(0, 0)
		library := rand.New(rand.NewPCG(random.State(g)))
		g.Ints(row, n)
		for i, x := range row {
			if want := library.IntN(n); x != want {
				t.Fatalf("number %d is %d, want %d", i, x, want)
			}
		}
		if x, y := g.Uint64(), library.Uint64(); x != y {
			t.Fatalf("the next number is %#x, want %#x", x, y)
		}
	}))
	t.Run("uniform", func(t *testing.T) {
		g := random.Training{}.Stream("int").At(0, 0)
		var histogram [7]int
		for range 7000 {
			histogram[g.IntN(7)]++
		}
		for value, n := range histogram {
			if n < 1000-150 || n > 1000+150 {
				t.Errorf("%d came %d times in 7000 draws", value, n)
			}
		}
	})
	for _, n := range []int{0, -1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("IntN(%d) did not panic", n)
				}
			}()
			g := random.Training{}.Stream("int").At(0, 0)
			g.IntN(n)
		})
	}
}

// TestFloatsStayBelowOne guards the half-open interval: a uniform number of 1 would
// select no outcome.
func TestFloatsStayBelowOne(t *testing.T) {
	g := random.Training{}.Stream("float").At(0, 0)
	for range 100_000 {
		if x := g.Float32(); x < 0 || x >= 1 {
			t.Fatalf("Float32 = %v", x)
		}
		if x := g.Float64(); x < 0 || x >= 1 {
			t.Fatalf("Float64 = %v", x)
		}
	}
}

func TestDrawingAllocatesNothing(t *testing.T) {
	stream := random.Training{}.Stream("noise")
	total := 0.0
	if n := testing.AllocsPerRun(100, func() {
		g := stream.At(1, 2)
		total += g.Float64() + float64(g.Float32()) + float64(g.IntN(10))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
