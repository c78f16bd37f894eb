package export

import (
	"encoding/json"
	"io"

	"spiqsweep/sweep"
)

// task is a line of the format jsonl. Its errors and floors have the names of
// [sweep.ErrorNames], and are null where they are undefined or not there yet.
type task struct {
	Task      sweep.TaskID   `json:"task"`
	State     sweep.State    `json:"state"`
	Model     string         `json:"model"`
	Settings  map[string]any `json:"settings"` // that the model reads, by name
	Replicate int            `json:"replicate"`
	Data      string         `json:"data"`
	NeuronIDs []int          `json:"neuron_ids"`
	BinMS     float64        `json:"bin_ms"`
	Digest    string         `json:"result_sha256,omitempty"`

	Errors         map[string]*float64   `json:"errors"`
	Floors         map[string]*float64   `json:"floors"`
	ErrorIntervals map[string][2]float64 `json:"error_intervals,omitempty"`

	HeldoutErrors         map[string]*float64   `json:"heldout_errors,omitempty"`
	HeldoutFloors         map[string]*float64   `json:"heldout_floors,omitempty"`
	HeldoutErrorIntervals map[string][2]float64 `json:"heldout_error_intervals,omitempty"`
	Likelihood            *sweep.Likelihood     `json:"likelihood,omitempty"`

	Statistics          map[string]map[string][]float64 `json:"statistics,omitempty"` // of "model", "data" and "heldout", by StatisticNames
	History             []sweep.HistoryPoint            `json:"history,omitempty"`
	TrainableParameters int                             `json:"trainable_parameters,omitempty"`
}

// writeJSONL writes one JSON object for each row of results.csv, with the vectors of the
// statistics and the history beside the errors. Angles and samples are in the models.
func writeJSONL(w io.Writer, s Sweep) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for r, err := range s.Records {
		if err != nil {
			return err
		}
		if err := out.Encode(taskOf(r)); err != nil {
			return err
		}
	}
	return nil
}

func taskOf(r Record) task {
	t := task{
		Task: r.Task, State: r.State, Model: r.Configuration.Model, Settings: settingsOf(r.Configuration),
		Replicate: r.Configuration.Replicate, Data: r.Data, NeuronIDs: r.NeuronIDs, BinMS: r.BinMS,
		Errors: orNull(nil), Floors: orNull(nil),
	}
	if r.Result == nil {
		return t
	}
	t.Digest = r.Digest
	t.Errors, t.Floors, t.ErrorIntervals = orNull(r.Result.Errors), orNull(r.Result.Floors), r.Result.ErrorIntervals
	t.Statistics = map[string]map[string][]float64{"model": r.Result.Model, "data": r.Result.Data}
	if r.Result.Heldout != nil {
		t.Statistics["heldout"] = r.Result.Heldout
		t.HeldoutErrors, t.HeldoutFloors = orNull(r.Result.HeldoutErrors), orNull(r.Result.HeldoutFloors)
		t.HeldoutErrorIntervals = r.Result.HeldoutErrorIntervals
	}
	t.Likelihood, t.History, t.TrainableParameters = r.Result.Likelihood, r.Result.History, r.Result.TrainableParameters
	return t
}

// orNull returns the numbers of all errors, nil for those that are missing.
func orNull(numbers map[string]float64) map[string]*float64 {
	all := map[string]*float64{}
	for _, name := range sweep.ErrorNames {
		all[name] = nil
		if v, found := numbers[name]; found {
			all[name] = &v
		}
	}
	return all
}
