package table

import (
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
)

// column is one column of a table whose rows are R.
type column[R any] struct {
	name    string
	kind    kind
	meaning string // one line, for README.md
	field   func(R) string
}

// kind is the type of a column's values.
type kind string

const (
	number  kind = "number"
	whole   kind = "whole number"
	boolean kind = "true or false"
	text    kind = "text" // escaped by safe
	moment  kind = "time"
)

// of returns the kind as settings have it. A time is a text.
func (k kind) of() sweep.Kind {
	switch k {
	case number:
		return sweep.Real
	case whole:
		return sweep.Whole
	case boolean:
		return sweep.Boolean
	default:
		return sweep.Text
	}
}

// safe escapes text that comes from grids, file names and other machines. It
// escapes control characters, so that the text stays on one line, and writes an
// apostrophe before a leading = + - @, which would begin a spreadsheet's formula.
func safe(s string) string {
	s = sweep.Printable(s)
	if s != "" && strings.Contains("=+-@", s[:1]) {
		return "'" + s
	}
	return s
}

// write writes a header and the rows. It stops at the first error of the rows or
// of the writer.
func write[R any](w io.Writer, columns []column[R], rows func(yield func(R, error) bool)) error {
	out := csv.NewWriter(w)
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, c := range columns {
			if record[i] = c.field(row); c.kind == text {
				record[i] = safe(record[i])
			}
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// settingColumns are the columns of the settings that every table shows, then
// those of the other swept settings.
func settingColumns(axes []string) []column[Row] {
	columns := []column[Row]{
		{"model", text, "`spiqgan`, or the name of a baseline", func(r Row) string { return r.Configuration.Model }},
		setting("neurons"), setting("timesteps"), setting("k"),
	}
	for _, axis := range axes {
		if !alwaysShown[axis] {
			columns = append(columns, setting(axis))
		}
	}
	return columns
}

// alwaysShown are the settings that have a column even if they are not swept.
var alwaysShown = map[string]bool{"neurons": true, "timesteps": true, "k": true, "steps": true}

// dataColumns are the columns of the data and the size of the model.
func dataColumns() []column[Row] {
	return []column[Row]{
		{"data", text, "`surrogate`, or the recording's file name", func(r Row) string { return r.Data }},
		{"neuron_ids", text, "the modelled neurons' numbers in the recording, from 0, separated by spaces; the first is neuron 0", func(r Row) string { return joined(r.NeuronIDs) }},
		{"trainable_parameters", whole, "angles of the circuits of all time steps together; those of a fitted model, once it is done", parameters},
		setting("steps"),
	}
}

// parameters formats the number of parameters. That of a fitted model
// may depend on the data.
func parameters(r Row) string {
	switch {
	case !r.Configuration.IsFitted():
		return strconv.Itoa(r.Configuration.TrainableParameters())
	case r.Measures == nil:
		return ""
	}
	return strconv.Itoa(r.Measures.FittedParameters)
}

// setting returns the column of a setting, which is empty for a model that does not read
// it. It panics if there is no setting of
// that name.
func setting(name string) column[Row] {
	s, ok := sweep.Lookup(name)
	if !ok {
		panic("table: there is no setting " + strconv.Quote(name))
	}
	kind := map[sweep.Kind]kind{sweep.Whole: whole, sweep.Real: number, sweep.Boolean: boolean, sweep.Text: text}[s.Kind()]
	return column[Row]{name, kind, "the setting: " + s.Doc, func(r Row) string { return valueOf(s, r.Configuration) }}
}

// valueOf formats the value of a setting.
func valueOf(s sweep.Setting, c sweep.Configuration) string {
	if !s.ReadByModel(c.Model) {
		return ""
	}
	if text, ok := s.Value(c).(string); ok {
		return text
	}
	return sweep.Format(s.Value(c))
}

// measure is one error of a result: a column of results.csv, a row of summary.csv.
type measure struct {
	name     string // of its column in results.csv
	meaning  string
	value    func(sweep.Measures) (float64, bool)
	floor    func(sweep.Measures) (float64, bool)
	interval func(sweep.Measures) ([2]float64, bool) // over the recording's repeats; nil if it has none
}

// measures lists what a sweep measures of each training, in the order of the columns:
// errors, and bits per bin if there is a holdout. Less is better in all of them.
func measures(holdout bool) []measure {
	all := errorMeasures(holdout)
	if holdout {
		all = append(all, likelihoodMeasures()...)
	}
	return all
}

// errorMeasures lists the errors, against both parts if there is a holdout.
func errorMeasures(holdout bool) []measure {
	all := measuresOf("", func(r sweep.Measures) partErrors { return partErrors{r.Errors, r.Floors, r.ErrorIntervals} })
	if holdout {
		all = append(all, measuresOf(sweep.HeldoutPrefix, func(r sweep.Measures) partErrors {
			return partErrors{r.HeldoutErrors, r.HeldoutFloors, r.HeldoutErrorIntervals}
		})...)
	}
	return all
}

// partErrors holds the errors of a result against one part of the recording.
type partErrors struct {
	errors, floors map[string]float64
	intervals      map[string][2]float64
}

// measuresOf describes the errors of one part of a result. The prefix begins the
// names of their columns.
func measuresOf(prefix string, of func(sweep.Measures) partErrors) []measure {
	all := make([]measure, len(sweep.ErrorNames))
	for i, name := range sweep.ErrorNames {
		all[i] = measure{
			name: prefix + sweep.ErrorColumn(name), meaning: meaningOf(name),
			value: func(r sweep.Measures) (float64, bool) { v, ok := of(r).errors[name]; return v, ok },
			floor: func(r sweep.Measures) (float64, bool) { v, ok := of(r).floors[name]; return v, ok },
		}
		if slices.Contains(sweep.IntervalNames, name) {
			all[i].interval = func(r sweep.Measures) ([2]float64, bool) { v, ok := of(r).intervals[name]; return v, ok }
		}
	}
	return all
}

// meaningOf defines an error. The statistics are those of DESIGN.md, section 2.1.
func meaningOf(name string) string {
	return map[string]string{
		"k_probability":         "mean square error of P(k), the share of bins with k spikes, over k = 0…n",
		"firing_rate_hz2":       "mean square error of the neurons' firing rates, Hz²",
		"covariance":            "mean square error of the covariances of pairs of neurons in one bin; undefined for one neuron",
		"autocorrelogram":       "mean square error of the autocorrelogram over lags 1…t−1; undefined at one time step",
		"rate_by_step_hz2":      "mean square error of the firing rates in each time step, Hz²",
		"lagged_covariance":     "mean square error of the covariances of ordered pairs at lags 1…min(4, t−1); undefined at one time step or neuron",
		"js_bits":               "Jensen–Shannon divergence of the windows' words, bits; undefined above 16 bits a window, too low above 10",
		"js_k_probability_bits": "Jensen–Shannon divergence of P(k), bits; has no floor",

		"silent_probability": "squared error of P(0), the share of bins without a spike",
		"lag1_covariance":    "mean square error of the covariances of ordered pairs at lag 1; undefined at one time step or neuron",
		"third_moment":       "mean square error of the third central moments of triples of neurons in one bin; undefined below three neurons",
		"isi_mean_ms2":       "squared error of the mean interval between spikes of one neuron within a window, over all neurons, ms²; undefined below three time steps",
		"isi_sd_ms2":         "squared error of the standard deviation of these intervals, ms²",

		"legacy_mean_spikes":     "Spike-GAN's error: sum over neurons of the absolute differences of the mean spikes of a window",
		"legacy_covariance":      "Spike-GAN's error: sum over pairs, each in both orders, of the absolute differences of the covariances",
		"legacy_k_probability":   "Spike-GAN's error: sum over k of the absolute differences of P(k)",
		"legacy_autocorrelogram": "Spike-GAN's error: sum over lags −10…10 of the absolute differences of the autocorrelogram",
		"legacy_time_course":     "Spike-GAN's error: sum over neurons and time steps of the absolute differences of the spikes per bin",
		"legacy_lag1_covariance": "Spike-GAN's error: sum over ordered pairs of the absolute differences of the covariances at lag 1",
	}[name]
}

// floorName returns the name of the column of a measure's floor, "" if it has none.
func floorName(measure string) string {
	prefix, name := "", measure
	if rest, ok := strings.CutPrefix(name, "heldout_"); ok {
		prefix, name = "heldout_", rest
	}
	name = strings.TrimPrefix(name, "mse_")
	if name == "js_k_probability_bits" || name == "bits_per_bin" {
		return ""
	}
	return prefix + "floor_" + name
}

// Number formats a number as every table does: the shortest decimal that reads
// back the same.
func Number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// optional formats a number; "" if it is missing.
func optional(v float64, ok bool) string {
	if !ok || math.IsNaN(v) {
		return ""
	}
	return Number(v)
}

// joined formats a list as one field, separated by spaces.
func joined[N int | float64](numbers []N) string {
	words := make([]string, len(numbers))
	for i, v := range numbers {
		words[i] = Number(float64(v))
	}
	return strings.Join(words, " ")
}
