package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Result is the outcome of a finished task. Two runs of the same task have the same
// result: host, times and kernel belong to the attempt.
type Result struct {
	// The fields are in the order of their JSON names, which Encode needs.

	// Angles[time][layer][qubit] = [RY, RZ], radians. A fitted model has none.
	Angles [][][][2]float64 `json:"angles,omitempty"`
	// Model, Data and Heldout are vectors of statistics by StatisticNames: those of
	// the model, of the recording, and of the repeats that training never saw.
	// Heldout is nil without a holdout.
	Data map[string][]float64 `json:"data"`
	// ErrorIntervals by IntervalNames: the 95 % interval, [low, high], of the error
	// against the law that the recording's repeats follow; nil below three repeats.
	ErrorIntervals map[string][2]float64 `json:"error_intervals,omitempty"`
	// Errors by ErrorNames; an error may be missing (no lags at t = 1, too many words).
	Errors map[string]float64 `json:"errors"`
	// Floors by ErrorNames: the expected error of the true law against this recording.
	Floors  map[string]float64   `json:"floors"`
	Heldout map[string][]float64 `json:"heldout,omitempty"`
	// HeldoutErrors, HeldoutFloors and HeldoutErrorIntervals are against the repeats that training never saw; nil without a holdout.
	HeldoutErrorIntervals map[string][2]float64 `json:"heldout_error_intervals,omitempty"`
	HeldoutErrors         map[string]float64    `json:"heldout_errors,omitempty"`
	HeldoutFloors         map[string]float64    `json:"heldout_floors,omitempty"`
	// History is the Jensen–Shannon divergence during training, for n·t ≤ 16.
	History []HistoryPoint `json:"history,omitempty"`
	// Likelihood is nil without a holdout, and where the probability of a window is not
	// known: see Configuration.HasLikelihood.
	Likelihood *Likelihood          `json:"likelihood,omitempty"`
	Model      map[string][]float64 `json:"model"`
	// Parameters of a fitted model, by name: "rates", spikes per bin of each neuron, or
	// "law", the probability of each word of one bin; nil for other models.
	Parameters map[string][]float64 `json:"parameters,omitempty"`
	// Samples are 100 generated windows: Samples[window][time], bit i = neuron i.
	Samples [][]uint32 `json:"samples"`
	// TrainableParameters counts the angles, or the parameters of a fitted model.
	TrainableParameters int `json:"trainable_parameters"`
	// Training is how the training went, every TrainingEvery steps and at the end. It is
	// no part of the result's identity: see ResultDigest. Results of earlier versions have
	// none, and a training that one of them began has only the points after its checkpoint.
	Training []TrainingPoint `json:"training,omitempty"`
}

// TrainingPoint describes a training step and the steps since the point before. The losses
// are those of the step's batches, before its updates; nil where the objective has none.
type TrainingPoint struct {
	CriticLoss    *float64 `json:"critic_loss,omitempty"`
	GeneratorLoss *float64 `json:"generator_loss,omitempty"`
	// GradientNorm and GradientNormVariance are the mean and the variance, over the steps
	// since the point before, of the norm of the generator's gradient.
	GradientNorm         float64 `json:"gradient_norm"`
	GradientNormVariance float64 `json:"gradient_norm_variance"`
	Step                 int     `json:"step"` // 1 … steps
}

// maxTrainingPoints bounds Result.Training, but for the point at the end.
const maxTrainingPoints = 1000

// TrainingEvery returns the steps between two points of Result.Training: history_every, or
// the smallest multiple by a power of two that makes at most a thousand points.
func TrainingEvery(c Configuration) int {
	every := max(1, c.Evaluation.HistoryEvery)
	for c.Training.Steps/every > maxTrainingPoints {
		every *= 2
	}
	return every
}

// ResultDigest returns the digest that identifies an encoded result: the SHA-256 of its
// encoding without the field training, which is the last one. So a result has the same
// digest in versions with and without that field.
func ResultDigest(body []byte) string {
	field, at := []byte(`,"training":[`), -1
	for from := 0; ; from = at + len(field) { // bytes.LastIndex takes ten times as long
		next := bytes.Index(body[from:], field)
		if next < 0 {
			break
		}
		at = from + next
	}
	if at < 0 {
		return Digest(body)
	}
	return Digest(append(slices.Clone(body[:at]), '}'))
}

// Likelihood is how well the model predicts windows of the recording: −log₂ p(window)/t,
// the bits of an ideal code for one bin, averaged over windows (DESIGN.md, section 2.2).
// Lower is better.
type Likelihood struct {
	// BitsPerBin is over windows that training has seen.
	BitsPerBin float64 `json:"bits_per_bin"`
	// HeldoutBitsPerBin is the mean over the held-out units, which are repeats, or blocks
	// of the movie.
	HeldoutBitsPerBin float64 `json:"heldout_bits_per_bin"`
	// HeldoutStandardError is the standard error of that mean; 0 for one unit.
	HeldoutStandardError float64 `json:"heldout_standard_error"`
	HeldoutUnits         int     `json:"heldout_units"`
}

// HistoryPoint is one measurement during training.
type HistoryPoint struct {
	JSBits float64 `json:"js_bits"`
	Step   int     `json:"step"`
}

// ErrorNames lists the errors in the order of the columns of results.csv (DESIGN.md,
// section 2.2). Divergences begin with "js_", sums of absolute differences with
// "legacy_". The others are mean squares, with the column "mse_" + name. The column of a
// floor is "floor_" + name; js_k_probability_bits has no floor.
var ErrorNames = []string{
	"k_probability", "firing_rate_hz2", "covariance", "autocorrelogram",
	"rate_by_step_hz2", "lagged_covariance", "js_bits", "js_k_probability_bits",
	"silent_probability", "lag1_covariance", "third_moment", "isi_mean_ms2", "isi_sd_ms2",
	"legacy_mean_spikes", "legacy_covariance", "legacy_k_probability",
	"legacy_autocorrelogram", "legacy_time_course", "legacy_lag1_covariance",
}

// IntervalNames lists the errors that have an interval over the recording's repeats: those
// of the statistics in the paper's Fig. S1 and of the two correlations beside them.
var IntervalNames = []string{"k_probability", "firing_rate_hz2", "covariance", "autocorrelogram"}

// StatisticNames lists the vectors of Result.Model and Result.Data (DESIGN.md, section 2.1).
var StatisticNames = []string{
	"k_probability",        // n+1
	"firing_rate_hz",       // n
	"covariance",           // pairs i < j: (0,1), (0,2), …, (1,2), …
	"autocorrelogram",      // lags 1 … t−1
	"rate_by_step_hz",      // neuron-major: n × t
	"lagged_covariance",    // lag-major, then ordered pairs i ≠ j
	"third_moment",         // triples i < j < k: (0,1,2), (0,1,3), …, (1,2,3), …
	"interval_probability", // 1 … t−1 bins, from t = 3 on
	"state",                // 2^(n·t) joint words, kept for n·t ≤ 10; bit s·n+i = neuron i at step s
}

// Encode encodes the result as canonical JSON: sorted keys, no white space, and the
// shortest numbers that read back the same. NaN and infinities are errors.
func (r Result) Encode() ([]byte, error) {
	body, err := json.Marshal(r) // the keys are sorted: see Result
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return body, nil
}

// DecodeResult decodes the output of Encode. Any other text is an error, so that the
// [ResultDigest] of a body identifies its numbers. It does not call [Result.Validate].
func DecodeResult(body []byte) (Result, error) {
	if r, ok := readResult(body); ok {
		return r, nil
	}
	return decodeResult(body)
}

// decodeResult is DecodeResult by package encoding/json. readResult must agree with it.
func decodeResult(body []byte) (Result, error) {
	var r Result
	if err := decodeStrictly(body, &r); err != nil {
		return Result{}, fmt.Errorf("decode result: %w", err)
	}
	again, err := r.Encode()
	if err != nil {
		return Result{}, fmt.Errorf("decode result: %w", err)
	}
	if !bytes.Equal(again, body) {
		return Result{}, fmt.Errorf("decode result: not in canonical form")
	}
	return r, nil
}

// LargestSensibleAngle is the largest angle, in radians, of a sensible training: a
// thousand turns. Training with larger ones skips whole turns, and float32 keeps
// hardly three digits of their fraction.
const LargestSensibleAngle = 1000 * 2 * math.Pi

// LargestAngle returns the largest magnitude of the trained angles, in radians.
func (r Result) LargestAngle() float64 {
	largest := 0.0
	for _, patch := range r.Angles {
		for _, layer := range patch {
			for _, qubit := range layer {
				largest = max(largest, math.Abs(qubit[0]), math.Abs(qubit[1]))
			}
		}
	}
	return largest
}
