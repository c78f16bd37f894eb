package statistics

// maxListedNeurons is the largest number of neurons for which a description lists
// the probability of every word: the number in the paper's figures.
const maxListedNeurons = 8

// Description describes selected neurons of a recording. Its statistics weight
// all bins equally; only the autocorrelogram is over windows.
type Description struct {
	// NeuronIDs[i] is the ID of neuron i in the recording, counted from 0.
	NeuronIDs []int     `json:"neuron_ids"`
	RateHz    []float64 `json:"rate_hz"`
	// Covariance of the pairs i < j in the order (0,1), (0,2), …, (1,2), …
	Covariance []float64 `json:"covariance"`
	// KProbability[k] is the share of bins with exactly k spikes.
	KProbability []float64 `json:"k_probability"`
	// Autocorrelogram[t] is the autocorrelogram of all stride-1 windows of t bins,
	// for lags 1 … t−1; absent if undefined.
	Autocorrelogram map[int][]float64 `json:"autocorrelogram"`
	// JSIndependentBits is the Jensen–Shannon divergence, in bits, between the
	// words' distribution and the product of its marginals: the error of a model of
	// independent neurons. It is nil above 16 neurons.
	JSIndependentBits *float64 `json:"js_independent_bits,omitempty"`
	// StateProbability[word], with neuron 0 (the first) in the lowest bit, for up to 8 neurons.
	StateProbability []float64 `json:"state_probability_neuron1_is_lowest_bit,omitempty"`
}

// Describe describes the neurons with these IDs, whose windows are w. Only the
// autocorrelogram depends on the length of the windows.
func Describe(neuronIDs []int, w RepeatedWindows) Description {
	windows, single := newTally(shapeOf(w)), newTally(shape{w.Neurons(), 1})
	recordings{w}.each(func(_ int, segments [][]uint32) {
		for _, bins := range segments {
			windows.count(bins)
			single.count(bins)
		}
	})
	bins := single.statistics()
	d := Description{
		NeuronIDs:       neuronIDs,
		RateHz:          inHz(bins.Rate, w.BinMS()),
		Covariance:      append([]float64{}, bins.Covariance...), // [] rather than null for one neuron
		KProbability:    bins.KProbability,
		Autocorrelogram: make(map[int][]float64),
	}
	if bins.State != nil {
		bits := jensenShannon(bins.State, independent(bins.State, w.Neurons()))
		d.JSIndependentBits = &bits
	}
	if autocorrelogram := windows.statistics().Autocorrelogram; autocorrelogram != nil {
		d.Autocorrelogram[w.Timesteps()] = autocorrelogram
	}
	if w.Neurons() <= maxListedNeurons {
		d.StateProbability = bins.State
	}
	return d
}

// independent returns the product of the marginals of a law of words.
func independent(law []float64, neurons int) []float64 {
	rates := newMarginals(shape{neurons, 1}).of(laws{law})[0]
	singles := newLaws(shape{1, neurons})
	for i, rate := range rates {
		singles[i][0], singles[i][1] = 1-rate, rate
	}
	joint := make([]float64, len(law))
	newProduct(shape{1, neurons}).add(joint, 1, singles)
	return joint
}
