package gan

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// kTerm evaluates a KLoss on the generator's batch. The caller calls begin, then
// bin for every bin of every sample, then end; it may then call move and tangent.
// With K = 0 only begin and end may be called.
type kTerm struct {
	form      KLoss
	weight    float64 // K
	timesteps int

	fake, real []float64 // [sample], N_j and M_j
	difference float64   // D
	// independentSign is sign(D′), for AbsoluteIndependent.
	independentSign float64
	// moves[n + count − drawn] is the term of move, for the forms with the same
	// term in all samples.
	moves []float64
	// bins[k] is Σ_j b_k(G_j) − b_k(x_j), for Population.
	bins []float64
	// below[m] is #{N_j ≤ m} − #{M_j ≤ m}, for Sorted with whole counts.
	below []float64
	// matched[j] is the real count of the same rank as N_j, for the tangent of Sorted.
	matched       []float64
	fakeRank      []int
	realAscending []float64
}

func newKTerm(s Settings) *kTerm {
	return &kTerm{
		form: s.KLoss, weight: s.K, timesteps: s.Timesteps,
		fake: make([]float64, s.BatchSize), real: make([]float64, s.BatchSize),
		moves: make([]float64, 2*s.Ansatz.Neurons+1), bins: make([]float64, s.Ansatz.Neurons+1), below: make([]float64, s.inputs()+1),
		matched: make([]float64, s.BatchSize), fakeRank: make([]int, s.BatchSize),
		realAscending: make([]float64, s.BatchSize),
	}
}

// begin starts a batch with these real windows, [sample][time].
func (k *kTerm) begin(real []uint32) {
	if k.weight == 0 {
		return
	}
	clear(k.fake)
	clear(k.bins)
	for j := range k.real {
		k.real[j] = 0
		for _, word := range real[j*k.timesteps:][:k.timesteps] {
			count := bits.OnesCount32(word)
			k.real[j] += float64(count)
			k.bins[count]--
		}
	}
}

// bin adds a bin of a generated sample that has count spikes with the given
// probability.
func (k *kTerm) bin(sample, count int, probability float64) {
	k.fake[sample] += float64(count) * probability
	k.bins[count] += probability
}

// windows adds measured generated windows, [sample][time].
func (k *kTerm) windows(fake []uint32) {
	for j := range k.fake {
		for _, word := range fake[j*k.timesteps:][:k.timesteps] {
			k.bin(j, bits.OnesCount32(word), 1)
		}
	}
}

// observeIndependent sets sign(D′) from an independent batch; real and fake are
// [sample][time].
func (k *kTerm) observeIndependent(real, fake []uint32) {
	excess := 0
	for i := range fake {
		excess += bits.OnesCount32(fake[i]) - bits.OnesCount32(real[i])
	}
	k.independentSign = sign(float64(excess))
}

// end completes the batch.
func (k *kTerm) end() {
	if k.weight == 0 {
		return
	}
	k.difference = 0
	for j, n := range k.fake {
		k.difference += (n - k.real[j]) / float64(len(k.fake))
	}
	if k.sameForAllSamples() {
		neurons := len(k.bins) - 1
		for i := range k.moves {
			k.moves[i] = k.weight * k.moved(0, neurons, i)
		}
	}
	if k.form != Sorted {
		return
	}
	for m := range k.below {
		k.below[m] = 0
		for j, n := range k.fake {
			k.below[m] += indicator(n <= float64(m)) - indicator(k.real[j] <= float64(m))
		}
	}
	for j := range k.fakeRank {
		k.fakeRank[j] = j
	}
	slices.SortStableFunc(k.fakeRank, func(a, b int) int { return cmp.Compare(k.fake[a], k.fake[b]) })
	copy(k.realAscending, k.real)
	slices.Sort(k.realAscending)
	for rank, j := range k.fakeRank {
		k.matched[j] = k.realAscending[rank]
	}
}

// move fills dst[count], count = 0…n, with the term that the form adds to the
// weight w_ij(x) of an outcome with count spikes, up to a constant (see KLoss).
// drawn is the number of spikes drawn in that bin of the sample.
func (k *kTerm) move(sample, drawn int, dst []float64) {
	if k.sameForAllSamples() {
		copy(dst, k.moves[len(dst)-1-drawn:])
		return
	}
	for count := range dst {
		dst[count] = k.weight * k.moved(sample, drawn, count)
	}
}

// sameForAllSamples reports whether the term of move is the same for all samples.
func (k *kTerm) sameForAllSamples() bool {
	switch k.form {
	case AbsolutePairs, SquarePairs, Sorted, Population:
		return false
	default:
		return true
	}
}

// moved returns the term, divided by K, of a bin that changes from drawn to count
// spikes.
func (k *kTerm) moved(sample, drawn, count int) float64 {
	delta, batch := float64(count-drawn), float64(len(k.fake))
	surplus := k.fake[sample] - k.real[sample]
	switch k.form {
	case Absolute:
		return math.Abs(batch*k.difference + delta)
	case Square:
		return batch * (k.difference + delta/batch) * (k.difference + delta/batch)
	case AbsolutePairs:
		return math.Abs(surplus + delta)
	case SquarePairs:
		return (surplus + delta) * (surplus + delta)
	case Sorted:
		n := int(k.fake[sample])
		return k.sortedMove(n, n+count-drawn)
	case Population:
		return k.populationMove(drawn, count)
	default: // linear in the count
		return k.slope(sample) * delta
	}
}

// tangent fills dst[count] like move, for the estimators that differentiate ℓ at
// the counts of the batch: count·B·∂ℓ/∂N_j.
func (k *kTerm) tangent(sample int, dst []float64) {
	for count := range dst {
		w := k.slope(sample) * float64(count)
		if k.form == Population {
			w = sign(k.bins[count])
		}
		dst[count] = k.weight * w
	}
}

// slope returns B·∂ℓ/∂N_j. It is undefined for Population, whose ℓ is not a
// function of the N_j.
func (k *kTerm) slope(sample int) float64 {
	n, m := k.fake[sample], k.real[sample]
	switch k.form {
	case Absolute, AbsoluteSign:
		return sign(k.difference)
	case AbsoluteIndependent:
		return k.independentSign
	case Square:
		return 2 * k.difference
	case AbsolutePairs:
		return sign(n - m)
	case SquarePairs:
		return 2 * (n - m)
	case Sorted:
		return sign(n - k.matched[sample])
	case Linear:
		return -1
	case LinearFlipped:
		return 1
	default:
		return 0
	}
}

// sortedMove returns the change of Σ_m |c_m| when one count changes from from to to.
func (k *kTerm) sortedMove(from, to int) float64 {
	change := 0.0
	for m := from; m < to; m++ {
		change += math.Abs(k.below[m]-1) - math.Abs(k.below[m])
	}
	for m := to; m < from; m++ {
		change += math.Abs(k.below[m]+1) - math.Abs(k.below[m])
	}
	return change
}

// populationMove returns the change of Σ_k |bins| when one bin's count changes.
func (k *kTerm) populationMove(from, to int) float64 {
	if from == to {
		return 0
	}
	return math.Abs(k.bins[from]-1) - math.Abs(k.bins[from]) + math.Abs(k.bins[to]+1) - math.Abs(k.bins[to])
}

func sign(x float64) float64 { return indicator(x > 0) - indicator(x < 0) }

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
