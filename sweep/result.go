package sweep

// Result is everything a finished task reports. It holds nothing that differs
// between two runs of the same task: host, times and kernel belong to the attempt.
type Result struct {
	// The fields stand in the order of their names, as Encode writes them.

	// Angles[time][layer][qubit] = [RY, RZ], radians.
	Angles [][][][2]float64 `json:"angles"`
	// Model, Data and Heldout are the statistics' vectors by StatisticNames: the
	// model's, the recording's, and those of the repeats that training never saw;
	// Heldout is nil without a holdout.
	Data map[string][]float64 `json:"data"`
	// Errors by ErrorNames; an absent name is a missing value (no lags at t = 1, too many words).
	Errors map[string]float64 `json:"errors"`
	// Floors by ErrorNames: the expected error of the true law against this recording.
	Floors  map[string]float64   `json:"floors"`
	Heldout map[string][]float64 `json:"heldout,omitempty"`
	// HeldoutErrors and HeldoutFloors are against the repeats that training never saw; nil without a holdout.
	HeldoutErrors map[string]float64 `json:"heldout_errors,omitempty"`
	HeldoutFloors map[string]float64 `json:"heldout_floors,omitempty"`
	// History is the Jensen–Shannon divergence during training, for n·t ≤ 16.
	History []HistoryPoint       `json:"history,omitempty"`
	Model   map[string][]float64 `json:"model"`
	// Samples are 100 generated windows: Samples[window][time], bit i = neuron i.
	Samples             [][]uint32 `json:"samples"`
	TrainableParameters int        `json:"trainable_parameters"`
}

// HistoryPoint is one measurement during training.
type HistoryPoint struct {
	JSBits float64 `json:"js_bits"`
	Step   int     `json:"step"`
}

// ErrorNames lists the errors in the order of the columns of results.csv
// (DESIGN.md, section 2.2). The first six are mean squares: their column is
// "mse_" + name; every floor's column is "floor_" + name;
// js_k_probability_bits has no floor.
var ErrorNames = []string{
	"k_probability", "firing_rate_hz2", "covariance", "autocorrelogram",
	"rate_by_step_hz2", "lagged_covariance", "js_bits", "js_k_probability_bits",
}

// StatisticNames lists the vectors of Result.Model and Result.Data (DESIGN.md, section 2.1).
var StatisticNames = []string{
	"k_probability",     // n+1
	"firing_rate_hz",    // n
	"covariance",        // pairs i < j: (0,1), (0,2), …, (1,2), …
	"autocorrelogram",   // lags 1 … t−1
	"rate_by_step_hz",   // neuron-major: n × t
	"lagged_covariance", // lag-major, then ordered pairs i ≠ j
	"state",             // 2^(n·t) joint words, kept for n·t ≤ 10; bit s·n+i = neuron i at step s
}
