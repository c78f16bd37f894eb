package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Measures is the part of a result in tables, figures and claims. It has about a
// fifteenth of the size and is stored separately, so that a table of a million rows does
// not read a million results.
type Measures struct {
	// The fields are in the order of their JSON names, as in Result. Earlier versions did
	// not store History and LagOne: see SameMeasures.

	ErrorIntervals map[string][2]float64 `json:"error_intervals,omitempty"`
	Errors         map[string]float64    `json:"errors"`
	// FittedParameters is the number of parameters of a fitted model, 0 for others.
	FittedParameters      int                   `json:"fitted_parameters,omitempty"`
	Floors                map[string]float64    `json:"floors"`
	HeldoutErrorIntervals map[string][2]float64 `json:"heldout_error_intervals,omitempty"`
	HeldoutErrors         map[string]float64    `json:"heldout_errors,omitempty"`
	HeldoutFloors         map[string]float64    `json:"heldout_floors,omitempty"`
	// History summarises Result.History; nil if that has fewer than two points.
	History *HistorySummary `json:"history,omitempty"`
	// LagOne holds the autocorrelograms at lag 1; nil at one time step or without a spike.
	LagOne *LagOne `json:"lag_one,omitempty"`
	// Likelihood is nil where Result.Likelihood is.
	Likelihood *Likelihood `json:"likelihood,omitempty"`
	// RatesHz are the firing rates of the modelled neurons in the recording.
	RatesHz []float64 `json:"rates_hz"`
}

// HistorySummary summarises the Jensen–Shannon divergence during a training.
type HistorySummary struct {
	FirstJSBits float64 `json:"first_js_bits"` // at the first point, step 0
	LastJSBits  float64 `json:"last_js_bits"`  // after the last step
	// Tau is Kendall's τ-a of the divergence and the step: −1 if each point is below all
	// earlier ones, 1 if it is above them.
	Tau float64 `json:"tau"`
}

// LagOne holds the autocorrelograms of the recording and of the model at lag 1: pairs of
// spikes of one neuron in consecutive bins of a window, per spike.
type LagOne struct {
	Data  float64 `json:"data"`
	Model float64 `json:"model"`
}

// Measures returns the measures of a result.
func (r Result) Measures() Measures {
	m := Measures{
		Errors: r.Errors, Floors: r.Floors, HeldoutErrors: r.HeldoutErrors, HeldoutFloors: r.HeldoutFloors,
		ErrorIntervals: r.ErrorIntervals, HeldoutErrorIntervals: r.HeldoutErrorIntervals,
		Likelihood: r.Likelihood, RatesHz: r.Data["firing_rate_hz"],
	}
	if r.Angles == nil {
		m.FittedParameters = r.TrainableParameters
	}
	if n := len(r.History); n > 1 {
		m.History = &HistorySummary{FirstJSBits: r.History[0].JSBits, LastJSBits: r.History[n-1].JSBits, Tau: historyTau(r.History)}
	}
	if data, model := r.Data["autocorrelogram"], r.Model["autocorrelogram"]; len(data) > 0 && len(model) > 0 {
		m.LagOne = &LagOne{Data: data[0], Model: model[0]}
	}
	return m
}

// HeldoutPrefix begins the columns of errors against data that training never saw.
const HeldoutPrefix = "heldout_"

// ErrorColumn names the column of an error. All but the divergences and Spike-GAN's
// sums are mean square errors.
func ErrorColumn(name string) string {
	if strings.HasPrefix(name, "js_") || strings.HasPrefix(name, "legacy_") {
		return name
	}
	return msePrefix + name
}

const msePrefix = "mse_"

// ErrorColumns returns the columns of all errors, in the order of results.csv: those
// against the data of training, then those against held-out data.
func ErrorColumns() []string {
	var columns []string
	for _, prefix := range []string{"", HeldoutPrefix} {
		for _, name := range ErrorNames {
			columns = append(columns, prefix+ErrorColumn(name))
		}
	}
	return columns
}

// Error returns an error by the name of its column.
func (m Measures) Error(column string) (v float64, ok bool) {
	errors := m.Errors
	if rest, heldout := strings.CutPrefix(column, HeldoutPrefix); heldout {
		column, errors = rest, m.HeldoutErrors
	}
	v, ok = errors[strings.TrimPrefix(column, msePrefix)]
	return v, ok
}

// Floor returns the floor of an error by the name of the error's column.
func (m Measures) Floor(column string) (v float64, ok bool) {
	floors := m.Floors
	if rest, heldout := strings.CutPrefix(column, HeldoutPrefix); heldout {
		column, floors = rest, m.HeldoutFloors
	}
	v, ok = floors[strings.TrimPrefix(column, msePrefix)]
	return v, ok
}

// historyTau returns Kendall's τ-a of a history of two points or more. A history may have
// a million points, so it does not compare each pair of them.
func historyTau(history []HistoryPoint) float64 {
	values := make([]float64, len(history))
	for i, p := range history {
		values[i] = p.JSBits
	}
	rises, falls := risesAndFalls(values)
	n := float64(len(values))
	return float64(rises-falls) / (n * (n - 1) / 2)
}

// risesAndFalls returns how many pairs of values rise and how many fall, and sorts the
// values, as merge sort does: pairs between two sorted halves are counted in one pass.
func risesAndFalls(values []float64) (rises, falls int) {
	if len(values) < 2 {
		return 0, 0
	}
	early, late := values[:len(values)/2], values[len(values)/2:]
	earlyRises, earlyFalls := risesAndFalls(early)
	lateRises, lateFalls := risesAndFalls(late)
	rises, falls = earlyRises+lateRises, earlyFalls+lateFalls
	below, notAbove := 0, 0 // numbers of early values < v and ≤ v
	for _, v := range late {
		for below < len(early) && early[below] < v {
			below++
		}
		for notAbove < len(early) && early[notAbove] <= v {
			notAbove++
		}
		rises, falls = rises+below, falls+len(early)-notAbove
	}
	slices.Sort(values)
	return rises, falls
}

// Encode encodes the measures as canonical JSON, like [Result.Encode].
func (m Measures) Encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode measures: %w", err)
	}
	return body, nil
}

// DecodeMeasures decodes the output of Encode.
func DecodeMeasures(body []byte) (Measures, error) {
	if m, ok := readMeasures(body); ok {
		return m, nil
	}
	var m Measures
	if err := decodeStrictly(body, &m); err != nil {
		return Measures{}, fmt.Errorf("decode measures: %w", err)
	}
	return m, nil
}

// Earlier returns the measures as versions before History and LagOne stored them.
func (m Measures) Earlier() Measures {
	m.History, m.LagOne = nil, nil
	return m
}

// SameMeasures reports whether stored measures are those that this version encodes as
// current, or those that an earlier version encoded from the same result.
func SameMeasures(stored, current []byte) bool {
	if bytes.Equal(stored, current) {
		return true
	}
	m, err := DecodeMeasures(current)
	if err != nil {
		return false
	}
	earlier, err := m.Earlier().Encode()
	return err == nil && bytes.Equal(stored, earlier)
}

// readMeasures is the fast decoder of measures, as readResult is of results.
func readMeasures(body []byte) (m Measures, ok bool) {
	c := &canonicalReader{rest: body, ok: true}
	if c.found(`{"error_intervals":`) {
		m.ErrorIntervals = named(c, c.pair)
		c.literal(`,"errors":`)
	} else {
		c.literal(`{"errors":`)
	}
	m.Errors = named(c, c.number)
	if c.found(`,"fitted_parameters":`) {
		m.FittedParameters = int(c.whole(maxWhole))
	}
	c.literal(`,"floors":`)
	m.Floors = named(c, c.number)
	if c.found(`,"heldout_error_intervals":`) {
		m.HeldoutErrorIntervals = named(c, c.pair)
	}
	if c.found(`,"heldout_errors":`) {
		m.HeldoutErrors = named(c, c.number)
	}
	if c.found(`,"heldout_floors":`) {
		m.HeldoutFloors = named(c, c.number)
	}
	if c.found(`,"history":{"first_js_bits":`) {
		m.History = &HistorySummary{FirstJSBits: c.number()}
		c.literal(`,"last_js_bits":`)
		m.History.LastJSBits = c.number()
		c.literal(`,"tau":`)
		m.History.Tau = c.number()
		c.literal(`}`)
	}
	if c.found(`,"lag_one":{"data":`) {
		m.LagOne = &LagOne{Data: c.number()}
		c.literal(`,"model":`)
		m.LagOne.Model = c.number()
		c.literal(`}`)
	}
	if c.found(`,"likelihood":`) {
		m.Likelihood = c.likelihood()
	}
	c.literal(`,"rates_hz":`)
	m.RatesHz = c.numbers()
	c.literal(`}`)
	return m, c.ok && len(c.rest) == 0
}
