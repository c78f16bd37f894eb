package statistics

// Bounds on the statistics.
const (
	maxLag        = 4  // largest lag of lagged covariances, in time steps
	maxStateBits  = 16 // largest neurons·timesteps for which joint words are counted
	maxVectorBits = 10 // largest neurons·timesteps for which results list joint words
)

// Statistics holds the vectors by which spike trains are compared; the package
// documentation gives their equations. The unit of time is one bin: only Vectors and
// Errors convert to Hz and ms. An undefined vector is nil: pairs need two
// neurons, triples three, lags two time steps, the autocorrelogram a spike, intervals
// three time steps and two spikes of a neuron. The vectors must not
// be modified and may be shared.
type Statistics struct {
	// KProbability[k] is the share of bins with exactly k spikes; n+1 values.
	KProbability []float64
	// Rate[i] is the number of spikes per bin of neuron i; n values.
	Rate []float64
	// Covariance of the pairs i < j in the order (0,1), (0,2), …, (1,2), …
	Covariance []float64
	// Autocorrelogram[L−1] is the number of same-neuron pairs of spikes at lag L per spike; t−1 values.
	Autocorrelogram []float64
	// RateByStep[i·t+s] is the rate of neuron i at time step s; n·t values.
	RateByStep []float64
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

// Vectors returns the defined statistics by the names used in results, with rates in Hz
// for bins of binMS milliseconds. It includes the state distribution only for n·t ≤ 10.
// Vectors other than rates are shared, not copied.
func (s Statistics) Vectors(binMS float64) map[string][]float64 {
	vectors := map[string][]float64{
		"k_probability":        s.KProbability,
		"firing_rate_hz":       inHz(s.Rate, binMS),
		"covariance":           s.Covariance,
		"autocorrelogram":      s.Autocorrelogram,
		"rate_by_step_hz":      inHz(s.RateByStep, binMS),
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

// inHz converts rates per bin of binMS milliseconds to Hz. The result of nil is nil.
func inHz(perBin []float64, binMS float64) []float64 {
	if perBin == nil {
		return nil
	}
	hz := make([]float64, len(perBin))
	for i, rate := range perBin {
		hz[i] = rate / (binMS / 1000)
	}
	return hz
}
