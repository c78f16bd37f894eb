package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// The operations of Optuna's journal, and the codes of a direction and of states
// (optuna.storages.JournalStorage, from Optuna 3.1 on).
const (
	createStudy    = 0
	setStudyUser   = 2
	setStudySystem = 3
	createTrial    = 4

	minimize      = 1
	trialComplete = 1
	trialFail     = 3
)

// journal writes entries of Optuna's journal.
type journal struct {
	out   *json.Encoder
	space *space
	time  string // of all trials
}

// entry is what all entries of the journal begin with.
type entry struct {
	Operation int    `json:"op_code"`
	Worker    string `json:"worker_id"`
}

func operation(code int) entry { return entry{code, "spiqsweep"} }

// trial is the entry of a finished trial.
type trial struct {
	entry
	Study         int                `json:"study_id"`
	Start         string             `json:"datetime_start"`
	Complete      string             `json:"datetime_complete"`
	State         int                `json:"state"`
	Value         *float64           `json:"value"`
	Values        []float64          `json:"values"`
	Distributions map[string]string  `json:"distributions"`
	Parameters    map[string]int     `json:"params"` // indices of the choices
	User          map[string]any     `json:"user_attrs"`
	System        map[string]any     `json:"system_attrs"`
	Intermediate  map[string]float64 `json:"intermediate_values"`
}

// study is a study of the journal: its trials have the values of these columns of
// results.csv.
type study struct {
	id      int
	columns []string
}

// pareto are the errors of the study with two values.
var pareto = []string{sweep.ErrorColumn("k_probability"), sweep.ErrorColumn("firing_rate_hz2")}

// writeOptuna writes a journal of Optuna with a study for each error that a result has,
// and one of two errors, P(k) and firing rates. Each minimises.
//
// A trial is a row of results.csv, its parameters the model and the swept settings, as
// categories. It is COMPLETE with its error, or FAIL if the task failed or its results
// diverged; rows that are pending or whose error is undefined have none. The task, the
// replicate, the data and the floor are user attributes. The history of the
// Jensen–Shannon divergence stands in the study of that error, as intermediate values.
// Optuna wants times, which a result does not have: they are that of the sweep.
func writeOptuna(w io.Writer, s Sweep) error {
	space, err := newSpace(append([]string{sweep.ModelKey}, s.Shape.Axes...), s.Rows)
	if err != nil {
		return err
	}
	j := &journal{json.NewEncoder(w), space, s.CreatedAt.UTC().Format("2006-01-02T15:04:05.000000")}
	j.out.SetEscapeHTML(false)
	studies, err := j.createStudies(s.Name)
	if err != nil {
		return err
	}
	for r, err := range s.Records {
		if err != nil {
			return err
		}
		for _, study := range studies {
			t, ok := j.trialOf(r, study)
			if !ok {
				continue
			}
			if err := j.out.Encode(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// createStudies writes the studies of a sweep.
func (j *journal) createStudies(name string) ([]study, error) {
	columns := [][]string{}
	for _, column := range j.space.errors {
		columns = append(columns, []string{column})
	}
	columns = append(columns, pareto)
	var studies []study
	for id, c := range columns {
		directions := slices.Repeat([]int{minimize}, len(c))
		for _, e := range []any{
			struct {
				entry
				Name       string `json:"study_name"`
				Directions []int  `json:"directions"`
			}{operation(createStudy), name + " " + strings.Join(c, " and "), directions},
			struct {
				entry
				Study int            `json:"study_id"`
				User  map[string]any `json:"user_attr"`
			}{operation(setStudyUser), id, map[string]any{"sweep": name}},
			struct {
				entry
				Study  int            `json:"study_id"`
				System map[string]any `json:"system_attr"`
			}{operation(setStudySystem), id, map[string]any{"study:metric_names": c}},
		} {
			if err := j.out.Encode(e); err != nil {
				return nil, err
			}
		}
		studies = append(studies, study{id, c})
	}
	return studies, nil
}

// trialOf returns the trial of a record in a study, if it has one.
func (j *journal) trialOf(r Record, s study) (t trial, ok bool) {
	t = trial{
		entry: operation(createTrial), Study: s.id, Start: j.time, Complete: j.time, State: trialFail,
		User: map[string]any{
			"task": r.Task, "replicate": r.Configuration.Replicate, "data": r.Data, "neuron_ids": r.NeuronIDs, "state": r.State,
		},
		System: map[string]any{}, Intermediate: map[string]float64{},
	}
	t.Distributions, t.Parameters = j.space.of(r.Configuration)
	switch {
	case r.State == sweep.Failed || r.State == sweep.Diverged:
		return t, true
	case r.Measures == nil:
		return t, false
	}
	t.State = trialComplete
	for _, column := range s.columns {
		value, found := r.Measures.Error(column)
		if !found {
			return t, false
		}
		t.Values = append(t.Values, value)
		if floor, found := r.Measures.Floor(column); found {
			t.User["floor of "+column] = floor
		}
		if column == sweep.ErrorColumn("js_bits") {
			for _, p := range r.Result.History {
				t.Intermediate[fmt.Sprint(p.Step)] = p.JSBits
			}
		}
	}
	if len(t.Values) == 1 {
		t.Value, t.Values = &t.Values[0], nil
	}
	return t, true
}

// space is what the rows of a sweep have: the values of its parameters, and the errors.
type space struct {
	parameters    []string // names of settings, or sweep.ModelKey
	choices       map[string][]any
	indices       map[string]map[any]int // of the choices
	distributions map[string]string      // as Optuna writes them
	errors        []string               // columns of the errors that a row has
}

func newSpace(parameters []string, rows table.Rows) (*space, error) {
	s := &space{parameters: parameters, choices: map[string][]any{}, indices: map[string]map[any]int{}, distributions: map[string]string{}}
	for _, name := range parameters {
		s.indices[name] = map[any]int{}
	}
	has := map[string]bool{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		for _, name := range s.parameters {
			value, read := row.Configuration.FilterValue(name)
			if _, known := s.indices[name][value]; read && !known {
				s.indices[name][value] = len(s.choices[name])
				s.choices[name] = append(s.choices[name], value)
			}
		}
		for _, column := range sweep.ErrorColumns() {
			if row.Measures != nil && !has[column] {
				_, has[column] = row.Measures.Error(column)
			}
		}
	}
	for _, column := range sweep.ErrorColumns() {
		if has[column] {
			s.errors = append(s.errors, column)
		}
	}
	for name, choices := range s.choices {
		body, err := json.Marshal(map[string]any{"name": "CategoricalDistribution", "attributes": map[string]any{"choices": choices}})
		if err != nil {
			return nil, err
		}
		s.distributions[name] = string(body)
	}
	return s, nil
}

// of returns the distributions and values of a configuration's parameters.
func (s *space) of(c sweep.Configuration) (distributions map[string]string, values map[string]int) {
	distributions, values = map[string]string{}, map[string]int{}
	for _, name := range s.parameters {
		if value, read := c.FilterValue(name); read {
			distributions[name], values[name] = s.distributions[name], s.indices[name][value]
		}
	}
	return distributions, values
}
