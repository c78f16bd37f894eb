package statistics

// maxListedNeurons is the number of neurons up to which a description lists the
// probability of every word, those whose state distributions the paper shows.
const maxListedNeurons = 8

// Description describes some cells of a recording over plain bins, each of
// equal weight; only the autocorrelogram is over windows.
type Description struct {
	// NeuronIDs are numbers in the recording, counted from 0: NeuronIDs[i] is neuron i below.
	NeuronIDs []int     `json:"neuron_ids"`
	RateHz    []float64 `json:"rate_hz"`
	// Covariance of the pairs i < j in the order (0,1), (0,2), …, (1,2), …
	Covariance []float64 `json:"covariance"`
	// KProbability[k] is the share of bins with exactly k spikes.
	KProbability []float64 `json:"k_probability"`
	// Autocorrelogram[t] is that of all stride-1 windows of t bins, lags 1 … t−1;
	// absent where it is undefined.
	Autocorrelogram map[int][]float64 `json:"autocorrelogram"`
	// JSIndependentBits is the Jensen–Shannon divergence between the words'
	// distribution and the product of its marginals: what independent neurons miss.
	JSIndependentBits float64 `json:"js_independent_bits"`
	// StateProbability[word], with neuron 0 (the first) in the lowest bit, for up to 8 neurons.
	StateProbability []float64 `json:"state_probability_neuron1_is_lowest_bit,omitempty"`
}

// Describe describes the cells whose windows these are. The length of the
// windows matters for the autocorrelogram alone.
func Describe(cells []int, w RepeatedWindows) Description {
	windows, single := newTally(shapeOf(w)), newTally(shape{w.Neurons(), 1})
	recorded{w}.each(func(_ int, repeat []uint32) {
		windows.count(repeat)
		single.count(repeat)
	})
	bins := single.statistics()
	d := Description{
		NeuronIDs:         cells,
		RateHz:            bins.FiringRateHz,
		Covariance:        append([]float64{}, bins.Covariance...), // [] rather than null for one neuron
		KProbability:      bins.KProbability,
		Autocorrelogram:   make(map[int][]float64),
		JSIndependentBits: jensenShannon(bins.State, independent(bins.State, w.Neurons())),
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
