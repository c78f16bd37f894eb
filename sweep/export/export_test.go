package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// badName is the name of a recording with characters that are special somewhere.
const badName = `<b>&"ré ` + "\u202e" + `=1'`

// example returns a sweep of four configurations in two replicates, a baseline, and rows
// that failed, diverged and are pending.
func example() export.Sweep {
	var records []export.Record
	index := -1
	add := func(c sweep.Configuration, state sweep.State) {
		if c.Replicate == 0 || state == sweep.Failed {
			index++
		}
		if err := c.Validate(); err != nil {
			panic(err)
		}
		r := recordOf(c, state)
		r.ConfigurationIndex = index
		records = append(records, r)
	}
	for _, neurons := range []int{2, 3} {
		for _, entangler := range []string{"chain", "none"} {
			for replicate := range 2 {
				c := sweep.Default()
				c.Neurons, c.Timesteps, c.Circuit.Entangler, c.Replicate = neurons, neurons-1, entangler, replicate
				add(c, sweep.Done)
			}
		}
	}
	for i, state := range []sweep.State{sweep.Failed, sweep.Diverged, sweep.Pending} {
		c := sweep.Default()
		c.Neurons, c.Replicate = 2, 2+i
		add(c, state)
	}
	baseline := sweep.Default()
	baseline.Model = "independent"
	add(baseline, sweep.Done)
	repeated := records[len(records)-1]
	repeated.Repeated = true
	return sweepOf(append(records, repeated))
}

func sweepOf(records []export.Record) export.Sweep {
	return export.Sweep{
		Name: "the <sweep>", CreatedAt: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), Grid: []byte("sweep \"the <sweep>\" {}\n"),
		Numerics: sweep.Numerics, KernelClass: "portable/amd64", Data: []export.Data{{Name: badName, SHA256: sweep.Digest(nil)}},
		Options: export.Options{Software: "v1 & later", Seed: 1, Windows: 16},
		Shape:   table.Shape{Axes: []string{"neurons", "timesteps", "entangler"}},
		Figures: func() (figures []*figure.Figure, err error) {
			figures, _, err = figure.S1(table.Shape{}, rowsOf(records))
			return figures, err
		},
		Rows: rowsOf(records),
		Records: func(yield func(export.Record, error) bool) {
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
		},
	}
}

func rowsOf(records []export.Record) table.Rows {
	return func(yield func(table.Row, error) bool) {
		for _, r := range records {
			if !yield(r.Row, nil) {
				return
			}
		}
	}
}

// recordsIn returns the records of a sweep.
func recordsIn(t *testing.T, s export.Sweep) (records []export.Record) {
	t.Helper()
	for r, err := range s.Records {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// recordOf returns a record with random numbers that the configuration decides.
func recordOf(c sweep.Configuration, state sweep.State) export.Record {
	task := sweep.NewTaskID(c, "", sweep.Numerics, "portable/amd64")
	r := export.Record{BinMS: 20, Row: table.Row{
		Task: task, State: state, Configuration: c, Data: badName, NeuronIDs: []int{50, 2, 16}[:c.Neurons],
	}}
	if state != sweep.Done {
		return r
	}
	random := rand.New(rand.NewPCG(uint64(c.Neurons), uint64(c.Replicate)))
	result := sweep.Result{
		Errors: map[string]float64{}, Floors: map[string]float64{}, Data: map[string][]float64{}, Model: map[string][]float64{},
		ErrorIntervals: map[string][2]float64{"k_probability": {1e-9, 0.25}},
		History:        []sweep.HistoryPoint{{Step: 0, JSBits: 0.5}, {Step: 20, JSBits: 0.1 * random.Float64()}},
	}
	for _, name := range sweep.ErrorNames {
		if c.Timesteps == 1 && (strings.Contains(name, "lag") || strings.HasPrefix(name, "isi_")) {
			continue
		}
		result.Errors[name], result.Floors[name] = random.Float64(), 1e-5*random.Float64()
	}
	for _, vectors := range []map[string][]float64{result.Data, result.Model} {
		vectors["k_probability"] = []float64{0.75, 0.25}
		vectors["firing_rate_hz"] = []float64{8.5, 7.25, 3}[:c.Neurons]
	}
	if c.IsFitted() {
		result.Parameters, result.TrainableParameters = map[string][]float64{"rates": {0.2, 0.1}}, 2
	} else {
		result.TrainableParameters = c.TrainableParameters()
		for range c.Timesteps {
			var patch [][][2]float64
			for range c.Circuit.Layers {
				layer := make([][2]float64, c.Qubits())
				for q := range layer {
					layer[q] = [2]float64{7 * random.Float64(), 1e-7 * random.NormFloat64()}
				}
				patch = append(patch, layer)
			}
			result.Angles = append(result.Angles, patch)
		}
	}
	body, err := result.Encode()
	if err != nil {
		panic(err)
	}
	measures := result.Measures()
	r.Digest, r.Measures, r.Result = sweep.Digest(body), &measures, &result
	return r
}

// written exports a sweep to a path in a new folder, and returns the path.
func written(t *testing.T, format string, s export.Sweep) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export")
	if err := export.Write(path, format, s); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// run runs a program, which must succeed, and returns what it prints.
func run(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(context.Background(), program, arguments...)
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

// TestEveryFormatHasTheSameBytesTwice also checks that no draft is left, and that an
// error of the results leaves the old export.
func TestEveryFormatHasTheSameBytesTwice(t *testing.T) {
	for _, format := range export.Formats() {
		t.Run(format, func(t *testing.T) {
			path := written(t, format, example())
			first := files(t, path)
			if err := export.Write(path, format, example()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, files(t, path)); diff != "" {
				t.Error(diff)
			}
			broken := example()
			fault := fmt.Errorf("the store is gone")
			broken.Records = func(yield func(export.Record, error) bool) { yield(export.Record{}, fault) }
			broken.Rows = func(yield func(table.Row, error) bool) { yield(table.Row{}, fault) }
			if err := export.Write(path, format, broken); err == nil || !strings.Contains(err.Error(), fault.Error()) {
				t.Errorf("an export of results that cannot be read returns %v", err)
			}
			if diff := cmp.Diff(first, files(t, path)); diff != "" {
				t.Error(diff)
			}
			if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
				t.Errorf("%v, %v: want the export alone", entries, err)
			}
		})
	}
}

// TestMemoryDoesNotGrowWithTheTasks measures the heap while the last of many records is
// written.
func TestMemoryDoesNotGrowWithTheTasks(t *testing.T) {
	needs.NoRaceDetector(t, "it changes the size of the heap")
	const rows, most = 1500, 4 << 20
	r := circuitRecord(circuits["three qubits"])
	for _, format := range []string{"csv", "jsonl", "optuna", "parquet"} {
		t.Run(format, func(t *testing.T) {
			s := sweepOf([]export.Record{r})
			var before, after runtime.MemStats
			each := func(i int) export.Record {
				if i == rows-1 {
					runtime.GC()
					runtime.ReadMemStats(&after)
				}
				row := r
				row.Task, row.Configuration.Replicate = sweep.TaskID(fmt.Sprintf("%064d", i)), i
				return row
			}
			s.Rows = func(yield func(table.Row, error) bool) {
				for i := range rows {
					if !yield(each(i).Row, nil) {
						return
					}
				}
			}
			s.Records = func(yield func(export.Record, error) bool) {
				for i := range rows {
					if !yield(each(i), nil) {
						return
					}
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&before)
			path := written(t, format, s)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
				t.Errorf("the heap grew by %d KiB for %d KiB of %d rows", grown>>10, info.Size()>>10, rows)
			}
		})
	}
}

// files returns the content of a file, or of all files of a folder by name.
func files(t *testing.T, path string) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	err := filepath.WalkDir(path, func(at string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(path, at)
			bodies[name] = string(read(t, at))
		}
		return err
	})
	if err != nil || len(bodies) == 0 {
		t.Fatalf("%d files, %v", len(bodies), err)
	}
	return bodies
}

func TestUnknownFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "export")
	if err := export.Write(path, "xls", example()); err == nil || !strings.Contains(err.Error(), `"xls": must be "csv"`) {
		t.Errorf("err = %v", err)
	}
}

// TestJSONLKeepsEveryNumber reads each line back, and compares it with its record.
func TestJSONLKeepsEveryNumber(t *testing.T) {
	lines := bytes.Split(bytes.TrimSuffix(read(t, written(t, "jsonl", example())), []byte("\n")), []byte("\n"))
	i := 0
	for _, r := range recordsIn(t, example()) {
		var got struct {
			Task, State, Data string
			Settings          map[string]any
			Errors, Floors    map[string]*float64
			Statistics        map[string]map[string][]float64
			History           []sweep.HistoryPoint
		}
		if err := json.Unmarshal(lines[i], &got); err != nil {
			t.Fatal(err)
		}
		i++
		if got.Task != string(r.Task) || got.State != string(r.State) || got.Data != badName {
			t.Errorf("line %d: task %s, state %s, data %q", i, got.Task, got.State, got.Data)
		}
		if _, read := got.Settings["layers"]; read == r.Configuration.IsFitted() || got.Settings["neurons"] != float64(r.Configuration.Neurons) {
			t.Errorf("line %d: settings %v", i, got.Settings)
		}
		if r.Result == nil {
			r.Result = &sweep.Result{}
		} else if diff := cmp.Diff(map[string]map[string][]float64{"model": r.Result.Model, "data": r.Result.Data}, got.Statistics); diff != "" {
			t.Errorf("line %d: %s", i, diff)
		}
		if diff := cmp.Diff(r.Result.History, got.History); diff != "" {
			t.Errorf("line %d: %s", i, diff)
		}
		if len(got.Errors) != len(sweep.ErrorNames) || len(got.Floors) != len(sweep.ErrorNames) {
			t.Errorf("line %d: %d errors and %d floors", i, len(got.Errors), len(got.Floors))
		}
		for name, v := range got.Errors {
			if want, found := r.Result.Errors[name]; found != (v != nil) || found && want != *v {
				t.Errorf("line %d: %s is %v, want %v, %v", i, name, v, want, found)
			}
		}
	}
	if i != len(lines) {
		t.Errorf("%d lines, want %d", len(lines), i)
	}
}

// TestHeldoutErrors checks the errors against data that training never saw: they have
// studies with floors, and keys in JSON.
func TestHeldoutErrors(t *testing.T) {
	r := circuitRecord(func(c *sweep.Configuration) { c.Recording.Holdout = 0.2 })
	result := *r.Result
	result.Heldout = result.Data
	result.HeldoutErrors, result.HeldoutFloors = map[string]float64{"k_probability": 0.125}, map[string]float64{"k_probability": 1e-5}
	measures := result.Measures()
	r.Result, r.Measures = &result, &measures
	s := sweepOf([]export.Record{r})
	if line := string(read(t, written(t, "jsonl", s))); !strings.Contains(line, `"heldout_errors":{`) || !strings.Contains(line, `"k_probability":0.125`) || !strings.Contains(line, `"heldout":{`) {
		t.Errorf("the line has no held-out errors: %s", line)
	}
	journal := string(read(t, written(t, "optuna", s)))
	for _, want := range []string{`"study_name":"the <sweep> heldout_mse_k_probability"`, `"value":0.125`, `"floor of heldout_mse_k_probability":0.00001`} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal has no %s", want)
		}
	}
}

// readOptuna prints what Optuna reads of a journal.
const readOptuna = `
import json, sys, optuna
optuna.logging.disable_default_handler()
from optuna.storages import JournalStorage, JournalFileStorage
storage = JournalStorage(JournalFileStorage(sys.argv[1]))
answer = {}
for summary in optuna.get_all_study_summaries(storage):
    study = optuna.load_study(study_name=summary.study_name, storage=storage)
    assert all(d == optuna.study.StudyDirection.MINIMIZE for d in study.directions)
    for t in study.trials:
        t._validate()
        for name, d in t.distributions.items():
            optuna.distributions.check_distribution_compatibility(study.trials[0].distributions.get(name, d), d)
    answer[study.study_name] = [dict(
        number=t.number, state=t.state.name, values=t.values, params=t.params, task=t.user_attrs["task"],
        replicate=t.user_attrs["replicate"], intermediate=t.intermediate_values,
        floors=[v for k, v in sorted(t.user_attrs.items()) if k.startswith("floor of ")]) for t in study.trials]
    if len(study.directions) == 1 and study.study_name.endswith("js_bits"):
        best = study.best_trial
        assert best.value == min(t.value for t in study.trials if t.value is not None)
    if len(study.directions) == 2:
        assert len(study.best_trials) > 0
    # it can be copied, which checks each trial, and continued
    optuna.copy_study(from_study_name=study.study_name, from_storage=storage, to_storage=optuna.storages.InMemoryStorage())
study = optuna.load_study(study_name=sorted(answer)[0], storage=storage)
study.tell(study.ask(), 1.0)
print(json.dumps(answer))
`

// TestOptunaReadsTheJournal compares the trials that Optuna loads with the records.
func TestOptunaReadsTheJournal(t *testing.T) {
	python := needs.Python(t, "python3-optuna", "optuna")
	path := written(t, "optuna", example())
	type trial struct {
		Number       int
		State        string
		Values       []float64
		Params       map[string]any
		Task         string
		Replicate    int
		Intermediate map[string]float64
		Floors       []float64
	}
	var studies map[string][]trial
	if err := json.Unmarshal([]byte(run(t, python, "-W", "ignore", "-c", readOptuna, path)), &studies); err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for _, name := range sweep.ErrorNames {
		columns["the <sweep> "+sweep.ErrorColumn(name)] = []string{name}
	}
	columns["the <sweep> mse_k_probability and mse_firing_rate_hz2"] = []string{"firing_rate_hz2", "k_probability"}
	if len(studies) != len(columns) {
		t.Errorf("%d studies, want %d", len(studies), len(columns))
	}
	for study, names := range columns {
		trials := studies[study]
		for _, r := range recordsIn(t, example()) {
			want := trial{State: "FAIL", Task: string(r.Task), Replicate: r.Configuration.Replicate, Intermediate: map[string]float64{}, Floors: []float64{}}
			want.Params = map[string]any{"model": r.Configuration.Model, "neurons": float64(r.Configuration.Neurons), "timesteps": float64(r.Configuration.Timesteps)}
			if !r.Configuration.IsFitted() {
				want.Params["entangler"] = r.Configuration.Circuit.Entangler
			}
			if r.State == sweep.Pending {
				continue
			}
			if r.State == sweep.Done {
				want.State = "COMPLETE"
				for _, name := range names {
					if v, found := r.Result.Errors[name]; found {
						want.Values, want.Floors = append([]float64{v}, want.Values...), append(want.Floors, r.Result.Floors[name])
					}
					if name == "js_bits" {
						for _, p := range r.Result.History {
							want.Intermediate[fmt.Sprint(p.Step)] = p.JSBits
						}
					}
				}
				if want.Values == nil {
					continue
				}
			}
			if len(trials) == 0 {
				t.Fatalf("%s: no trial of task %s", study, r.Task)
			}
			want.Number = trials[0].Number
			if diff := cmp.Diff(want, trials[0]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", study, diff)
			}
			trials = trials[1:]
		}
		if len(trials) > 0 {
			t.Errorf("%s: %d trials more than records", study, len(trials))
		}
	}
	if journal := string(read(t, path)); strings.Contains(journal, "NaN") || strings.Contains(journal, "Infinity") {
		t.Error("the journal has a NaN or Infinity")
	}
}
