package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
)

// example returns a sweep of two values of t, two of k and four replicates. One
// task is pending and one has failed.
func example() Rows {
	return func(yield func(Row, error) bool) {
		index := -1
		for _, timesteps := range []int{1, 6} {
			for _, k := range []float64{0, 1} {
				index++
				for replicate := range 4 {
					c := sweep.Default()
					c.Neurons, c.Timesteps, c.K, c.Replicate = 2, timesteps, k, replicate
					c.Circuit.Entangler = "none"
					row := Row{
						Task: sweep.TaskID(fmt.Sprintf("t%d-k%g-r%d", timesteps, k, replicate)), ConfigurationIndex: index, State: sweep.Done,
						Configuration: c, Data: "surrogate", NeuronIDs: []int{7, 3}, Measures: exampleMeasures(timesteps, k, replicate),
					}
					switch {
					case timesteps == 6 && k == 1 && replicate == 3:
						row.State, row.Measures = sweep.Pending, nil
					case timesteps == 1 && k == 1 && replicate == 1:
						row.State, row.Measures = sweep.Failed, nil
					}
					if !yield(row, nil) {
						return
					}
				}
			}
		}
	}
}

// exampleMeasures returns errors that are simple functions of its arguments.
func exampleMeasures(timesteps int, k float64, replicate int) *sweep.Measures {
	likelihood := sweep.Likelihood{BitsPerBin: 1.5 / (1 + k), HeldoutBitsPerBin: 2 / (1 + k), HeldoutStandardError: 0.25, HeldoutUnits: 1 + replicate}
	r := sweep.Measures{Likelihood: &likelihood, Errors: map[string]float64{}, Floors: map[string]float64{}, HeldoutErrors: map[string]float64{}, RatesHz: []float64{8.125, 4.5}}
	r.ErrorIntervals, r.HeldoutErrorIntervals = map[string][2]float64{}, map[string][2]float64{}
	for i, name := range sweep.ErrorNames {
		if timesteps == 1 && (name == "autocorrelogram" || name == "lagged_covariance") {
			continue
		}
		r.Errors[name] = float64(i+1) * 1e-3 * float64(timesteps) * float64(replicate+1) / (1 + 0.5*k)
		r.HeldoutErrors[name] = 2 * r.Errors[name]
		if slices.Contains(sweep.IntervalNames, name) {
			r.ErrorIntervals[name] = [2]float64{r.Errors[name] / 2, 2 * r.Errors[name]}
			r.HeldoutErrorIntervals[name] = [2]float64{0, 8 * r.Errors[name]}
		}
		if name != "js_k_probability_bits" {
			r.Floors[name] = 1e-7 * float64(i+1)
		}
	}
	return &r
}

func writeComparison(b *bytes.Buffer, shape Shape, rows Rows) error {
	trainings, err := Gather(shape, rows)
	if err != nil {
		return err
	}
	return trainings.WriteComparison(b)
}

func TestTablesMatchTheGoldenFiles(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"results.csv": func(b *bytes.Buffer) error {
			return WriteResults(b, Shape{Axes: []string{"timesteps", "k", "entangler"}}, example())
		},
		"results_holdout.csv": func(b *bytes.Buffer) error { return WriteResults(b, Shape{Holdout: true}, example()) },
		"summary.csv": func(b *bytes.Buffer) error {
			return WriteSummary(b, Shape{Axes: []string{"entangler"}}, example())
		},
		"comparison.csv": func(b *bytes.Buffer) error { return writeComparison(b, Shape{Axes: []string{"k"}}, example()) },
		"axes.csv": func(b *bytes.Buffer) error {
			trainings, err := Gather(Shape{Axes: []string{"k", "timesteps"}}, example())
			if err != nil {
				return err
			}
			return WriteAxes(b, trainings.Levels())
		},
		"attempts.csv": func(b *bytes.Buffer) error {
			return WriteAttempts(b, func(yield func(Attempt, error) bool) {
				start := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
				_ = yield(Attempt{Task: "a", Label: "n=2", Number: 1, Outcome: "failed", LeasedAt: start, EndedAt: start.Add(time.Second), Message: "panic: a \"quoted\" word,\nand a line"}, nil) &&
					yield(Attempt{Task: "a", Number: 2, LeasedAt: start, LastStep: 7, Compute: 1500 * time.Millisecond}, nil)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, filepath.Join("testdata", name), got.String())
		})
	}
}

// TestComparisonPairsByReplicate compares a row with values worked out by hand:
// both losses have finished replicates 0, 2 and 3 of t = 1, and the K-loss divides
// every error by 1.5.
func TestComparisonPairsByReplicate(t *testing.T) {
	var b bytes.Buffer
	if err := writeComparison(&b, Shape{Axes: []string{"k"}}, example()); err != nil {
		t.Fatal(err)
	}
	row := parse(t, b.Bytes())[0]
	want := map[string]float64{
		"timesteps": 1, "k": 1, "pairs": 3,
		"mean_standard": 1e-3 * (1 + 3 + 4) / 3, "mean_k": 1e-3 * (1 + 3 + 4) / 3 / 1.5,
		"difference": 1e-3 * (1 + 3 + 4) / 3 * (1 - 1/1.5),
		"log_ratio":  math.Log(1.5), "share_won_by_k": 1, "log_correlation": 1,
	}
	for name, w := range want {
		if got, err := strconv.ParseFloat(row[name], 64); err != nil || math.Abs(got-w) > 1e-12 {
			t.Errorf("%s = %q, want %g", name, row[name], w)
		}
	}
}

// TestComparisonStaysWithinTheData checks that configurations with the same
// settings are not compared across different data, or across clipped counts.
func TestComparisonStaysWithinTheData(t *testing.T) {
	changes := map[string]func(*Row){
		"the same data": func(*Row) {},
		"another file":  func(r *Row) { r.Data = "recording.npy" },
		"clipped":       func(r *Row) { r.Configuration.Recording.Clip = true },
	}
	for name, change := range changes {
		var b bytes.Buffer
		if err := writeComparison(&b, Shape{Axes: []string{"k"}}, func(yield func(Row, error) bool) {
			for row, err := range example() {
				if row.Configuration.K != 0 {
					change(&row)
				}
				if !yield(row, err) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if paired := len(parse(t, b.Bytes())) > 0; paired != (name == "the same data") {
			t.Errorf("%s: paired is %t", name, paired)
		}
	}
}

// TestComparisonLeavesOutObjectivesWithoutK checks that an objective that does not read
// k has no comparison of its trainings with themselves.
func TestComparisonLeavesOutObjectivesWithoutK(t *testing.T) {
	for objective, want := range map[string]bool{"wgan": true, "likelihood": false, "mmd": false} {
		var b bytes.Buffer
		if err := writeComparison(&b, Shape{Axes: []string{"k"}}, func(yield func(Row, error) bool) {
			for row, err := range example() {
				if row.Configuration.Objective = objective; !yield(row, err) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if paired := len(parse(t, b.Bytes())) > 0; paired != want {
			t.Errorf("%s: paired is %t", objective, paired)
		}
	}
}

func TestInterval(t *testing.T) {
	if _, _, ok := Interval(values{1, 2}); ok {
		t.Error("two replicates got an interval")
	}
	// Worked out by hand: mean 2, sd 1, t(0.975; 2) = 4.302652729911275.
	low, high, ok := Interval(values{1, 2, 3})
	if half := 4.302652729911275 / math.Sqrt(3); !ok || math.Abs(low-(2-half)) > 1e-9 || math.Abs(high-(2+half)) > 1e-9 {
		t.Errorf("interval of 1, 2, 3 is %g … %g, %t", low, high, ok)
	}
	if _, ok := (values{1, 0}).geometricMean(); ok {
		t.Error("values with a zero have a geometric mean")
	}
}

// TestEveryNumberReadsBack checks that a table's text of any finite float64 reads
// back to the same bits.
func TestEveryNumberReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "v")
		if back, err := strconv.ParseFloat(Number(v), 64); err != nil || math.Float64bits(back) != math.Float64bits(v) {
			t.Fatalf("%b became %q", v, Number(v))
		}
	})
}

func TestErrorsOfRowsAndWriterStopTheTable(t *testing.T) {
	lost := errors.New("store lost")
	broken := func(yield func(Row, error) bool) { yield(Row{}, lost) }
	for name, write := range map[string]func(*bytes.Buffer, Rows) error{
		"results":    func(b *bytes.Buffer, r Rows) error { return WriteResults(b, Shape{}, r) },
		"summary":    func(b *bytes.Buffer, r Rows) error { return WriteSummary(b, Shape{}, r) },
		"comparison": func(b *bytes.Buffer, r Rows) error { return writeComparison(b, Shape{Axes: []string{"k"}}, r) },
	} {
		if err := write(new(bytes.Buffer), broken); !errors.Is(err, lost) {
			t.Errorf("%s: error is %v, want %v", name, err, lost)
		}
	}
	if err := WriteResults(failing{}, Shape{}, example()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error is %v, want the writer's", err)
	}
}

// TestRowsAreGroupedByConfiguration also checks that a reader may stop early.
func TestRowsAreGroupedByConfiguration(t *testing.T) {
	got := 0
	for g, err := range groups(measures(false), example()) {
		if err != nil || g.rows != 4 {
			t.Fatalf("a group of %d rows, %v", g.rows, err)
		}
		got++
	}
	if got != 4 {
		t.Errorf("%d groups, want 4", got)
	}
	for _, err := range groups(measures(false), example()) {
		if err != nil {
			t.Fatal(err)
		}
		break // must not panic in the producer
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

// parse reads a table into maps by column.
func parse(t *testing.T, table []byte) []map[string]string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]string, len(records)-1)
	for i, record := range records[1:] {
		rows[i] = map[string]string{}
		for j, name := range records[0] {
			rows[i][name] = record[j]
		}
	}
	return rows
}

func TestColumnsAreDistinct(t *testing.T) {
	var b bytes.Buffer
	none := iter.Seq2[Row, error](func(func(Row, error) bool) {})
	if err := WriteResults(&b, Shape{Axes: []string{"steps", "neurons", "layers", "select"}, Holdout: true}, none); err != nil {
		t.Fatal(err)
	}
	header, err := csv.NewReader(&b).Read()
	if err != nil {
		t.Fatal(err)
	}
	sorted := slices.Sorted(slices.Values(header))
	if len(slices.Compact(sorted)) != len(header) {
		t.Errorf("a column occurs twice in %q", header)
	}
}
