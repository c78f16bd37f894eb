package sweep

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// SampleWindows is the number of generated windows in every result.
const SampleWindows = 100

// maxLag bounds the lags of the lagged covariance, in time steps.
const maxLag = 4

// maxKeptStateBits bounds n·t where a result keeps the state distribution.
const maxKeptStateBits = 10

// Validate returns the first faults of a result of a configuration: wrong shapes,
// ranges or names, and numbers that are not finite. It cannot tell whether the
// numbers are correct.
func (r Result) Validate(c Configuration) error {
	v := resultCheck{c: c}
	if c.IsFitted() {
		v.require(r.TrainableParameters > 0, "trainable_parameters = %d: must be the number of fitted parameters", r.TrainableParameters)
	} else {
		v.require(r.TrainableParameters == c.TrainableParameters(),
			"trainable_parameters = %d: must be %d", r.TrainableParameters, c.TrainableParameters())
	}
	v.errorsOf("errors", r.Errors)
	v.floors("floors", r.Floors)
	v.intervals("error_intervals", r.ErrorIntervals)
	v.vectors("model", r.Model)
	v.vectors("data", r.Data)
	if c.HasHoldout() {
		v.errorsOf("heldout_errors", r.HeldoutErrors)
		v.floors("heldout_floors", r.HeldoutFloors)
		v.intervals("heldout_error_intervals", r.HeldoutErrorIntervals)
		v.vectors("heldout", r.Heldout)
	} else {
		v.require(r.HeldoutErrors == nil && r.HeldoutFloors == nil && r.HeldoutErrorIntervals == nil && r.Heldout == nil,
			"held-out numbers without a holdout")
	}
	v.history(r.History)
	v.training(r.Training)
	v.likelihood(r.Likelihood)
	v.angles(r.Angles)
	v.parameters(r.Parameters)
	v.samples(r.Samples)
	return errors.Join(v.faults...)
}

// MaxResultBytes returns an upper bound of the encoded size of a configuration's
// result, in bytes. A larger body can be rejected without decoding it.
func MaxResultBytes(c Configuration) int {
	numbers := c.TrainableParameters() + SampleWindows*c.Timesteps
	_, kept := keptParameter(c)
	numbers += kept
	for _, name := range StatisticNames {
		numbers += 3 * StatisticLength(name, c.Neurons, c.Timesteps)
	}
	points := 0
	if !c.IsFitted() && c.HasState() && c.Evaluation.HistoryEvery > 0 {
		points = c.Training.Steps/c.Evaluation.HistoryEvery + 2
	}
	trained := 0
	if !c.IsFitted() {
		trained = c.Training.Steps/TrainingEvery(c) + 2
	}
	return maxFrameBytes + maxNumberBytes*numbers + maxPointBytes*points + maxTrainingPointBytes*trained
}

// The longest encodings of a number with its comma and brackets, of a point of the
// history and of the training, and of everything else (names, errors and floors).
const (
	maxTrainingPointBytes = 224

	maxNumberBytes = 32
	maxPointBytes  = 64
	maxFrameBytes  = 16 << 10
)

// maxFaults is the number of faults in Validate's error.
const maxFaults = 10

// resultCheck collects the faults of one result.
type resultCheck struct {
	c      Configuration
	faults []error
}

func (v *resultCheck) require(ok bool, format string, args ...any) {
	if !ok {
		v.fault(format, args...)
	}
}

// fault adds a fault. Loops over many numbers call it instead of require, whose
// arguments would cost more than the comparison.
func (v *resultCheck) fault(format string, args ...any) {
	if len(v.faults) < maxFaults {
		v.faults = append(v.faults, fmt.Errorf(format, args...))
	}
}

// StatisticLength returns the length of a vector of StatisticNames, 0 if n and t do
// not define it.
func StatisticLength(name string, neurons, timesteps int) int {
	switch name {
	case "k_probability":
		return neurons + 1
	case "firing_rate_hz":
		return neurons
	case "covariance":
		return neurons * (neurons - 1) / 2
	case "autocorrelogram":
		return timesteps - 1
	case "rate_by_step_hz":
		return neurons * timesteps
	case "lagged_covariance":
		return min(maxLag, timesteps-1) * neurons * (neurons - 1)
	case "third_moment":
		return neurons * (neurons - 1) * (neurons - 2) / 6
	case "interval_probability":
		if timesteps > 2 {
			return timesteps - 1
		}
	case "state":
		if neurons*timesteps <= maxKeptStateBits {
			return 1 << (neurons * timesteps)
		}
	}
	return 0
}

// statisticRanges holds the bounds of each vector's elements, those of rates per bin.
var statisticRanges = map[string]struct{ low, high float64 }{
	"k_probability":        {0, 1},
	"firing_rate_hz":       {0, 1},
	"covariance":           {-1, 1}, // a difference of two probabilities
	"autocorrelogram":      {0, 1},  // pairs per spike
	"rate_by_step_hz":      {0, 1},
	"lagged_covariance":    {-1, 1},
	"third_moment":         {-1, 1},
	"interval_probability": {0, 1},
	"state":                {0, 1},
}

// statisticRange returns the bounds of a vector's elements. The highest rate is a spike in
// every bin.
func (v *resultCheck) statisticRange(name string) (low, high float64) {
	bounds := statisticRanges[name]
	if strings.HasSuffix(name, "_hz") {
		return bounds.low, bounds.high * 1000 / v.c.Recording.BinMS
	}
	return bounds.low, bounds.high
}

// largestError returns the upper bound of an error of ErrorNames: 1 for a divergence,
// the square of the statistic's range for a mean square, the sum of the ranges for a
// sum of absolute differences.
func (v *resultCheck) largestError(name string) float64 {
	n, t := float64(v.c.Neurons), float64(v.c.Timesteps)
	switch name {
	case "js_bits", "js_k_probability_bits", "silent_probability":
		return 1
	case "lag1_covariance":
		name = "lagged_covariance"
	case "isi_mean_ms2", "isi_sd_ms2":
		longest := t * v.c.Recording.BinMS
		return longest * longest
	case "legacy_mean_spikes", "legacy_time_course":
		return n * t
	case "legacy_covariance", "legacy_lag1_covariance":
		return 2 * n * (n - 1)
	case "legacy_k_probability":
		return 2
	case "legacy_autocorrelogram":
		return 2 * t
	}
	name = strings.TrimSuffix(name, "2") // the unit of a rate's error is its square
	low, high := v.statisticRange(name)
	return (high - low) * (high - low)
}

// HasError reports whether a result of the configuration may have the error of a column of
// ErrorColumns. It may still be missing, as without spikes.
func (c Configuration) HasError(column string) bool {
	rest, heldout := strings.CutPrefix(column, HeldoutPrefix)
	if heldout && !c.HasHoldout() {
		return false
	}
	return slices.ContainsFunc(ErrorNames, func(name string) bool { return ErrorColumn(name) == rest && c.defines(name) })
}

// defines reports whether the configuration has an error of ErrorNames.
func (c Configuration) defines(name string) bool {
	statistic := name
	switch name {
	case "firing_rate_hz2":
		statistic = "firing_rate_hz"
	case "rate_by_step_hz2":
		statistic = "rate_by_step_hz"
	case "js_bits":
		return c.HasState()
	case "js_k_probability_bits", "silent_probability", "legacy_k_probability", "legacy_mean_spikes", "legacy_time_course":
		return true
	case "lag1_covariance", "legacy_lag1_covariance":
		statistic = "lagged_covariance"
	case "isi_mean_ms2", "isi_sd_ms2":
		statistic = "interval_probability"
	case "legacy_covariance", "legacy_autocorrelogram":
		statistic = strings.TrimPrefix(name, "legacy_")
	}
	return StatisticLength(statistic, c.Neurons, c.Timesteps) > 0
}

// errorsOf requires the two errors that every model and recording have. Others may be
// missing even if they are defined: there is no autocorrelogram without spikes.
func (v *resultCheck) errorsOf(where string, errs map[string]float64) {
	for _, name := range []string{"k_probability", "firing_rate_hz2"} {
		_, ok := errs[name]
		v.require(ok, "%s: %s is missing", where, name)
	}
	v.inRange(where, errs)
}

func (v *resultCheck) floors(where string, floors map[string]float64) {
	_, ok := floors["js_k_probability_bits"]
	v.require(!ok, "%s: js_k_probability_bits has no floor", where)
	v.inRange(where, floors)
}

// maxWidened bounds the upper end of an interval in largest errors: of three repeats,
// deviations are widened by the factor 2.7 (statistics.Data.Intervals), and (1 + 2.7)² < 16.
const maxWidened = 16

func (v *resultCheck) intervals(where string, intervals map[string][2]float64) {
	for _, name := range slices.Sorted(maps.Keys(intervals)) {
		v.require(slices.Contains(IntervalNames, name) && v.c.defines(name),
			"%s: n=%d t=%d has no interval of %q", where, v.c.Neurons, v.c.Timesteps, name)
		ends, most := intervals[name], maxWidened*v.largestError(name)
		v.require(ends[0] >= 0 && ends[0] <= ends[1] && ends[1] <= most,
			"%s: %s = %v: must be two numbers from 0 to %v, the lower one first", where, name, ends, most)
	}
}

func (v *resultCheck) inRange(where string, values map[string]float64) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(ErrorNames, name) || !v.c.defines(name) {
			v.fault("%s: n=%d t=%d has no error %q", where, v.c.Neurons, v.c.Timesteps, name)
		}
		least, most := 0.0, v.largestError(name)
		if isDivergenceName(name) {
			least = -roundingSlack // a difference of rounded sums
		}
		if x := values[name]; !(x >= least && x <= most+roundingSlack) { // true for NaN
			v.fault("%s: %s = %v: must be from 0 to %v", where, name, x, most)
		}
	}
}

// roundingSlack is the excess over its bounds that rounding may give a probability
// or divergence.
const roundingSlack = 1e-6

func (v *resultCheck) vectors(where string, vectors map[string][]float64) {
	for _, name := range []string{"k_probability", "firing_rate_hz"} {
		v.require(vectors[name] != nil, "%s: %s is missing", where, name)
	}
	for _, name := range slices.Sorted(maps.Keys(vectors)) {
		vector, length := vectors[name], StatisticLength(name, v.c.Neurons, v.c.Timesteps)
		v.require(length > 0, "%s: n=%d t=%d has no statistic %q", where, v.c.Neurons, v.c.Timesteps, name)
		v.require(len(vector) == length, "%s: %s has %d elements: must be %d", where, name, len(vector), length)
		low, high := v.statisticRange(name)
		for i, x := range vector {
			if x >= low-roundingSlack && x <= high+roundingSlack { // false for NaN
				continue
			}
			v.fault("%s: %s[%d] = %v: must be from %v to %v", where, name, i, x, low, high)
		}
		if name == "k_probability" || name == "interval_probability" || name == "state" {
			v.require(isDistribution(vector), "%s: %s is not a probability distribution", where, name)
		}
	}
}

func isDivergenceName(name string) bool { return strings.HasPrefix(name, "js_") }

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

func isDivergence(x float64) bool { return x >= -roundingSlack && x <= 1+roundingSlack }

func isDistribution(p []float64) bool {
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	return math.Abs(sum-1) <= roundingSlack
}

func (v *resultCheck) history(points []HistoryPoint) {
	v.require(len(points) == 0 || v.c.HasState(),
		"history of n·t = %d: there must be none above %d", v.c.Neurons*v.c.Timesteps, MaxStateBits)
	v.require(len(points) == 0 || !v.c.IsFitted(), "history of %q, which is not trained", v.c.Model)
	last := -1
	for i, p := range points {
		v.require(last < p.Step && p.Step <= v.c.Training.Steps,
			"history[%d].step = %d: must rise from 0 to at most %d", i, p.Step, v.c.Training.Steps)
		v.require(isDivergence(p.JSBits), "history[%d].js_bits = %v: must be from 0 to 1", i, p.JSBits)
		last = p.Step
	}
}

func (v *resultCheck) training(points []TrainingPoint) {
	v.require(len(points) == 0 || !v.c.IsFitted(), "training of %q, which is not trained", v.c.Model)
	v.require(len(points) <= maxTrainingPoints+1, "training has %d points: must be at most %d", len(points), maxTrainingPoints+1)
	last := 0
	for i, p := range points {
		v.require(last < p.Step && p.Step <= v.c.Training.Steps,
			"training[%d].step = %d: must rise from 1 to at most %d", i, p.Step, v.c.Training.Steps)
		for _, loss := range []*float64{p.CriticLoss, p.GeneratorLoss} {
			v.require(loss == nil || !notFinite(*loss), "training[%d]: a loss is not finite", i)
		}
		v.require(p.GradientNorm >= 0 && p.GradientNormVariance >= 0 && !notFinite(p.GradientNorm) && !notFinite(p.GradientNormVariance),
			"training[%d].gradient_norm = %v, variance %v: must be at least 0 and finite", i, p.GradientNorm, p.GradientNormVariance)
		last = p.Step
	}
}

// maxBitsPerBin bounds the likelihood (statistics.MaxBitsPerBin).
const maxBitsPerBin = 100

func (v *resultCheck) likelihood(l *Likelihood) {
	if l == nil {
		return
	}
	v.require(v.c.HasLikelihood(), "likelihood: there must be none without a holdout or with several noise angles")
	for _, bits := range []struct {
		name  string
		value float64
	}{{"bits_per_bin", l.BitsPerBin}, {"heldout_bits_per_bin", l.HeldoutBitsPerBin}, {"heldout_standard_error", l.HeldoutStandardError}} {
		v.require(bits.value >= 0 && bits.value <= maxBitsPerBin, "likelihood: %s = %v: must be from 0 to %d", bits.name, bits.value, maxBitsPerBin)
	}
	v.require(l.HeldoutUnits > 0, "likelihood: heldout_units = %d: must be at least 1", l.HeldoutUnits)
}

func (v *resultCheck) angles(angles [][][][2]float64) {
	if v.c.IsFitted() {
		v.require(angles == nil, "angles of %q, which has no circuit", v.c.Model)
		return
	}
	v.require(len(angles) == v.c.Timesteps, "angles of %d time steps: must be %d", len(angles), v.c.Timesteps)
	for t, layers := range angles {
		v.require(len(layers) == v.c.Circuit.Layers, "angles[%d] has %d layers: must be %d", t, len(layers), v.c.Circuit.Layers)
		for l, qubits := range layers {
			v.require(len(qubits) == v.c.Qubits(), "angles[%d][%d] has %d qubits: must be %d", t, l, len(qubits), v.c.Qubits())
			for q, a := range qubits {
				if notFinite(a[0]) || notFinite(a[1]) {
					v.fault("angles[%d][%d][%d] = %v: must be finite", t, l, q, a)
				}
			}
		}
	}
}

// parameters requires those that a fitted model keeps, which are probabilities.
func (v *resultCheck) parameters(parameters map[string][]float64) {
	name, length := keptParameter(v.c)
	values := parameters[name]
	if v.require(len(parameters) == min(length, 1) && len(values) == length, "parameters: must be %d of %q", length, name); length == 0 {
		return
	}
	for i, p := range values {
		if !(p >= -roundingSlack && p <= 1+roundingSlack) { // true for NaN
			v.fault("parameters: %s[%d] = %v: must be from 0 to 1", name, i, p)
		}
	}
	v.require(name != "law" || isDistribution(values), "parameters: law is not a probability distribution")
}

func (v *resultCheck) samples(windows [][]uint32) {
	v.require(len(windows) == SampleWindows, "samples: %d windows: must be %d", len(windows), SampleWindows)
	for i, window := range windows {
		if len(window) != v.c.Timesteps {
			v.fault("samples[%d] has %d time steps: must be %d", i, len(window), v.c.Timesteps)
		}
		for s, word := range window {
			if word>>v.c.Neurons != 0 {
				v.fault("samples[%d][%d] = %d: must be below 2^%d", i, s, word, v.c.Neurons)
			}
		}
	}
}
