package gan

import (
	"math"
	"math/bits"
	"slices"

	"spiqsweep/simulator/random"
)

// referenceCritic evaluates the formula of the critic in float64.
type referenceCritic struct {
	first        [][]float64 // [input][hidden]
	bias, second []float64
	offset       float64
}

// reference copies a network. parameters lists both in the same order.
func (w *network) reference() *referenceCritic {
	wide := func(row []float32) []float64 {
		r := make([]float64, w.hidden)
		for h := range r {
			r[h] = float64(row[h])
		}
		return r
	}
	c := &referenceCritic{bias: wide(w.bias), second: wide(w.second), offset: float64(w.offset[0])}
	for i := range len(w.first) / w.stride {
		c.first = append(c.first, wide(w.column(i)))
	}
	return c
}

// parameters returns pointers to all weights: first, bias, second, offset.
func (c *referenceCritic) parameters() []*float64 {
	var p []*float64
	for _, row := range append(slices.Clone(c.first), c.bias, c.second) {
		for h := range row {
			p = append(p, &row[h])
		}
	}
	return append(p, &c.offset)
}

// value returns C(x).
func (c *referenceCritic) value(x []float64) float64 {
	v, _ := c.evaluate(x)
	return v
}

func (c *referenceCritic) slope(x []float64) []float64 {
	_, s := c.evaluate(x)
	return s
}

func (c *referenceCritic) evaluate(x []float64) (value float64, slope []float64) {
	value, slope = c.offset, make([]float64, len(x))
	for h, w := range c.second {
		a := c.bias[h]
		for i, v := range x {
			a += c.first[i][h] * v
		}
		if a > 0 {
			value += w * a
			for i := range x {
				slope[i] += w * c.first[i][h]
			}
		}
	}
	return value, slope
}

// bitsOf returns the critic's inputs for a window of n-bit words.
func bitsOf(n int, window []uint32) []float64 {
	x := make([]float64, 0, n*len(window))
	for _, word := range window {
		for q := range n {
			x = append(x, float64(word>>q&1))
		}
	}
	return x
}

// referenceEll returns ℓ as documented in KLoss, for the forms that have one.
func referenceEll(form KLoss, n int, fake, real [][]uint32) float64 {
	size := float64(len(fake))
	counts := func(batch [][]uint32) (spikes, bins []float64) {
		bins = make([]float64, n+1)
		for _, window := range batch {
			total := 0
			for _, word := range window {
				total += bits.OnesCount32(word)
				bins[bits.OnesCount32(word)]++
			}
			spikes = append(spikes, float64(total))
		}
		return spikes, bins
	}
	a, aBins := counts(fake)
	b, bBins := counts(real)
	if form == Sorted {
		slices.Sort(a)
		slices.Sort(b)
	}
	var mean, absolute, square, population float64
	for j := range a {
		mean += (a[j] - b[j]) / size
		absolute += math.Abs(a[j]-b[j]) / size
		square += (a[j] - b[j]) * (a[j] - b[j]) / size
	}
	for k := range aBins {
		population += math.Abs(aBins[k]-bBins[k]) / size
	}
	switch form {
	case Absolute, AbsoluteSign:
		return math.Abs(mean)
	case Square:
		return mean * mean
	case AbsolutePairs, Sorted:
		return absolute
	case SquarePairs:
		return square
	case Population:
		return population
	case Linear:
		return -mean
	case LinearFlipped, AbsoluteIndependent: // the latter with sign(D′) = 1
		return mean
	}
	panic("no ℓ for " + form)
}

// referenceMMD returns the unbiased estimate of MMD from generated and real windows,
// up to the term of the real windows alone.
func referenceMMD(fake, real [][]uint32, inputs int) float64 {
	size, loss := float64(len(fake)), 0.0
	for _, similarity := range similarities(inputs) {
		for j, window := range fake {
			for other := range fake {
				if other != j {
					loss += math.Pow(similarity, float64(hamming(window, fake[other]))) / (size * (size - 1))
				}
				loss -= 2 * math.Pow(similarity, float64(hamming(window, real[other]))) / (size * size)
			}
		}
	}
	return loss / float64(len(similarities(inputs)))
}

// split divides words, [sample][time] flattened, into windows.
func split(words []uint32, timesteps int) [][]uint32 {
	return slices.Collect(slices.Chunk(words, timesteps))
}

// window returns sample j of a batch, [sample][time].
func (s Settings) window(batch []uint32, j int) []uint32 {
	return batch[j*s.Timesteps:][:s.Timesteps]
}

// randomWords returns count random n-bit words.
func randomWords(g *random.Generator, n, count int) []uint32 {
	words := make([]uint32, count)
	for i := range words {
		words[i] = uint32(g.IntN(1 << n))
	}
	return words
}

// distance returns the largest difference, relative to the largest number of want
// or to 1.
func distance(got, want []float64) float64 {
	worst, scale := 0.0, 1e-3
	for i := range want {
		worst, scale = max(worst, math.Abs(got[i]-want[i])), max(scale, math.Abs(want[i]))
		if math.IsNaN(got[i]) {
			return math.NaN()
		}
	}
	return worst / scale
}
