package statistics

// BinSeconds is the width of a bin: rates are spikes per bin over BinSeconds.
const BinSeconds = 0.020

// Bounds on the statistics.
const (
	maxLag        = 4  // largest lag of lagged covariances, in time steps
	maxStateBits  = 16 // largest neurons·timesteps for which joint words are counted
	maxVectorBits = 10 // largest neurons·timesteps for which results list joint words
)

// Statistics holds the vectors by which spike trains are compared; the package
// documentation gives their equations. An undefined vector is nil: pairs need two
// neurons, triples three, lags two time steps, the autocorrelogram a spike, intervals
// three time steps and two spikes of a neuron. The vectors must not
// be modified and may be shared.
type Statistics struct {
	// KProbability[k] is the share of bins with exactly k spikes; n+1 values.
	KProbability []float64
	// FiringRateHz[i] is the rate of neuron i; n values.
	FiringRateHz []float64
	// Covariance of the pairs i < j in the order (0,1), (0,2), …, (1,2), …
	Covariance []float64
	// Autocorrelogram[L−1] is the number of same-neuron pairs of spikes at lag L per spike; t−1 values.
	Autocorrelogram []float64
	// RateByStepHz[i·t+s] is the rate of neuron i at time step s; n·t values.
	RateByStepHz []float64
	// LaggedCovariance of the ordered pairs i ≠ j at lags 1 … min(4, t−1): lag
	// by lag, in the order (0,1), (0,2), …, (1,0), (1,2), …
	LaggedCovariance []float64
	// ThirdMoment[triple] is the third central moment of the neurons i < j < k in the
	// order (0,1,2), (0,1,3), …, (1,2,3), …
	ThirdMoment []float64
	// IntervalProbability[d−1] is the share of the inter-spike intervals within
	// windows, of all neurons, that last d bins; t−1 values, from t = 3 on.
	IntervalProbability []float64
	// State[word] is the probability of the joint word whose bit s·n+i is
	// neuron i at time step s; 2^(n·t) values for n·t ≤ 16, nil beyond.
	State []float64
}

// Vectors returns the defined statistics by the names used in results. It includes
// the state distribution only for n·t ≤ 10. The vectors are shared, not copied.
func (s Statistics) Vectors() map[string][]float64 {
	vectors := map[string][]float64{
		"k_probability":        s.KProbability,
		"firing_rate_hz":       s.FiringRateHz,
		"covariance":           s.Covariance,
		"autocorrelogram":      s.Autocorrelogram,
		"rate_by_step_hz":      s.RateByStepHz,
		"lagged_covariance":    s.LaggedCovariance,
		"third_moment":         s.ThirdMoment,
		"interval_probability": s.IntervalProbability,
	}
	if len(s.State) <= 1<<maxVectorBits {
		vectors["state"] = s.State
	}
	for name, vector := range vectors {
		if vector == nil {
			delete(vectors, name)
		}
	}
	return vectors
}
