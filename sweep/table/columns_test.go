package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
)

// define writes the definitions of a table's columns for README.md.
func define[R any](out io.Writer, file, rows string, columns []column[R]) {
	fmt.Fprintf(out, "\n## %s\n%s\n\n| column | kind | |\n|---|---|---|\n", file, rows)
	for _, c := range columns {
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", c.name, c.kind, c.meaning)
	}
}

// TestREADMEDefinesEveryColumn compares README.md with the code. With -update it
// rewrites the definitions.
func TestREADMEDefinesEveryColumn(t *testing.T) {
	var want bytes.Buffer
	var shape Shape
	define(&want, "results.csv", "One row for each configuration and replicate, in grid order. With a `holdout`, each error, floor and interval has a second column, with `heldout_` before its name, against the repeats, or the blocks of the movie, that training never saw.", resultColumns(shape))
	define(&want, "results.csv with a holdout", "Besides the errors against the held-out part, a `holdout` or `holdout_time` adds these columns. They are empty where the noise has several angles. summary.csv, comparison.csv and axes.csv have `bits_per_bin` and `heldout_bits_per_bin` among their errors: less is better there, too.", likelihoodColumns())
	define(&want, "summary.csv", "One row for each configuration and error, over its replicates.", summaryColumns(shape))
	define(&want, "comparison.csv", "One row for each configuration with k ≠ 0 and each error: the standard loss against the K-loss, paired by replicate. It is empty unless `k` is an axis with 0 among its values.", comparisonColumns(shape))
	define(&want, "axes.csv", "One row for each value of each swept setting, each k and each error, over all other settings: the effect of that setting. The rows of the axis `k` compare the K-loss with the standard loss, within each reading of the paper and each combination of other swept settings.", axesColumns())
	define(&want, "claims.csv", "One row for each claim of the paper, statistic and part of the sweep; the K-loss is also tested in each configuration. claims.md shows the same in words, without the single configurations. [DESIGN.md](../../DESIGN.md), section 2.6, defines the statistics and verdicts. Where results decide on the number of replicates, a claim over several configurations uses only the replicates that all of them have, and configurations with fewer than six pairs are left out of the correction of `p_corrected`.", claimColumns())
	define(&want, "attempts.csv", "One row for each attempt at a task. Differs from run to run.", attemptColumns())
	define(&want, "models/TASK.csv", "How the model of a task was trained: one row for each step that is recorded, every `history_every` steps and at the end. [DESIGN.md](../../DESIGN.md), section 5.1, defines the columns. The losses are those of the step's batches, before its updates.", trainingColumns())

	golden.CompareSection(t, "README.md", "<!-- The code's columns: go test ./sweep/table -update -->", "<!-- end -->", want.String())
	for line := range strings.Lines(want.String()) {
		if strings.HasSuffix(strings.TrimSpace(line), "|  |") {
			t.Errorf("a column is not explained: %s", line)
		}
	}
}

// TestTextIsSafeInEveryTable checks that any text stays on one line, has no control
// characters and begins no formula, and that numbers keep their signs.
func TestTextIsSafeInEveryTable(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\x1b]0;x\a", "a\nforged,line", "\x00", "\u202e", "",
	}))
	rapid.Check(t, func(t *rapid.T) {
		bad := texts.Draw(t, "text")
		var b bytes.Buffer
		attempt := Attempt{
			Task: sweep.TaskID(bad), Label: bad, Number: 1, Outcome: bad, Process: bad, Host: bad, Kernel: bad, Message: bad, Log: bad,
		}
		if err := WriteAttempts(&b, func(yield func(Attempt, error) bool) { yield(attempt, nil) }); err != nil {
			t.Fatal(err)
		}
		var results bytes.Buffer
		c := sweep.Default()
		c.Circuit.NoiseLow = -1
		row := Row{Task: "a", Configuration: c, Data: bad, State: sweep.Pending}
		if err := WriteResults(&results, Shape{Axes: []string{"noise_low"}}, func(yield func(Row, error) bool) { yield(row, nil) }); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(results.String(), ",-1,") {
			t.Fatalf("a number's sign was escaped: %s", results.String())
		}
		for _, table := range []string{b.String(), results.String()} {
			if strings.Count(table, "\n") != 2 {
				t.Fatalf("%q takes more than one line: %q", bad, table)
			}
			records, err := csv.NewReader(strings.NewReader(table)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range records[1] {
				if field == "-1" {
					continue
				}
				if strings.ContainsFunc(field, unicode.IsControl) || field != "" && strings.Contains("=+-@", field[:1]) {
					t.Fatalf("%q became %q", bad, field)
				}
			}
		}
	})
}

// TestIntervalsOfErrorsArePositive uses values worked out by hand: their geometric
// mean is e, and the standard deviation of their logarithms is 1.
func TestIntervalsOfErrorsArePositive(t *testing.T) {
	low, high, ok := values{1, 2.718281828459045, 7.38905609893065}.geometricInterval()
	if !ok || low < 0.2266 || low > 0.2270 || high < 32.55 || high > 32.62 {
		t.Errorf("interval is %g … %g, %t", low, high, ok)
	}
	if _, _, ok := (values{1, 0, 2}).geometricInterval(); ok {
		t.Error("an error of 0 has an interval of logarithms")
	}
}

// TestAxesCompareWithTheFirstValue compares with values worked out by hand: t = 6
// has six times the error of t = 1 in every replicate.
func TestAxesCompareWithTheFirstValue(t *testing.T) {
	trainings, err := Gather(Shape{Axes: []string{"timesteps", "k"}}, example())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range trainings.Levels() {
		if l.Error == "mse_k_probability" {
			ratio, _ := l.pair.logRatios().mean()
			lines = append(lines, fmt.Sprintf("%s=%s k=%g %d %.6f %d %.4f", l.Axis, l.Value, l.K, l.Models, l.GeometricMean, len(l.pair.first), ratio))
		}
	}
	want := []string{
		"timesteps=1 k=0 4 0.002213 0 0.0000", "timesteps=1 k=1 3 0.001526 0 0.0000",
		"timesteps=6 k=0 4 0.013280 4 -1.7918", "timesteps=6 k=1 3 0.007268 2 -1.7918",
		"k=0 k=0 8 0.005422 0 0.0000", "k=1 k=1 6 0.003331 6 0.4055",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("levels are\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// TestTheKLossIsComparedWithinEachReading checks the scopes of the levels of k, and the
// ratio of the losses with its interval. An objective that does not read k has none.
func TestTheKLossIsComparedWithinEachReading(t *testing.T) {
	rows := func(yield func(Row, error) bool) {
		for i, factor := range []float64{1, 3} {
			for row, err := range example() {
				row.ConfigurationIndex += 10 * i
				row.Configuration.Preset = []string{"paper", "population"}[i]
				row.Configuration.Training.KLoss = []string{"absolute", "population"}[i]
				if row.Measures != nil && row.Configuration.K != 0 {
					for name := range row.Measures.Errors {
						row.Measures.Errors[name] *= factor * []float64{1, 2}[row.Configuration.Replicate%2]
					}
				}
				if !yield(row, err) {
					return
				}
			}
		}
	}
	shape := Shape{Axes: []string{"preset", "k", "timesteps"}}
	trainings, err := Gather(shape, rows)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range trainings.Levels() {
		if l.Axis == "k" && l.Error == "mse_covariance" {
			ratio, low, high := l.Ratio()
			lines = append(lines, fmt.Sprintf("%s %s/%s of %d: %.4f [%.4f, %.4f]", l.Scope, l.Reference, l.Value, len(l.pair.first), ratio, low, high))
		}
	}
	// Both losses have finished replicates 0, 2, 3 of t = 1 and 0, 1, 2 of t = 6: two of the
	// six are odd, so the mean is ln(1.5) − ln(2)/3.
	want := []string{
		"preset=paper 0/0 of 0: NaN [NaN, NaN]", "preset=paper 0/1 of 6: 1.1906 [0.8177, 1.7333]",
		"preset=population 0/0 of 0: NaN [NaN, NaN]", "preset=population 0/1 of 6: 0.3969 [0.2726, 0.5778]",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("levels are\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}

	trainings, err = Gather(shape, func(yield func(Row, error) bool) {
		for row, err := range rows {
			if row.Configuration.Objective = "likelihood"; !yield(row, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range trainings.Levels() {
		if l.Axis == "k" {
			t.Fatalf("an objective that does not read k has a level of k: %+v", l)
		}
	}
}
