package main

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// TestTheClosingTableComparesAlongEveryAxis, and shows an undefined floor as –.
func TestTheClosingTableComparesAlongEveryAxis(t *testing.T) {
	rows := func(k, rate float64) table.Rows {
		return func(yield func(table.Row, error) bool) {
			for i, entangler := range []string{"chain", "none"} {
				c := sweep.Default()
				c.Circuit.Entangler = entangler
				m := sweep.Measures{Errors: map[string]float64{"k_probability": 0.25 * float64(i+1), "firing_rate_hz2": 3}}
				if k >= 0 {
					m.Floors = map[string]float64{"k_probability": k, "firing_rate_hz2": rate}
				}
				if !yield(table.Row{ConfigurationIndex: i, Configuration: c, Measures: &m}, nil) {
					return
				}
			}
		}
	}
	for _, floor := range []struct {
		k, rate float64 // k < 0: none
		want    []string
	}{
		{1e-7, 1e-4, []string{"2 0 2 0.35 1e-07 3 0.0001", "chain 0 1 0.25 1e-07 3 0.0001", "none 0 1 0.5 1e-07 3 0.0001"}},
		{-1, -1, []string{"2 0 2 0.35 – 3 –", "chain 0 1 0.25 – 3 –", "none 0 1 0.5 – 3 –", "–: not defined, since a floor needs a recording of two repeats or more\n"}},
		{1e-7, 0, []string{"2 0 2 0.35 1e-07 3 –", "–: not defined, since a floor is 0 (any two halves of the repeats agree, as without spikes), and a geometric mean needs numbers above 0\n"}},
	} {
		trainings, err := table.Gather(table.Shape{Axes: []string{"neurons", "entangler"}}, rows(floor.k, floor.rate))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printMeans(&out, trainings.Levels()); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(out.String()) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		for _, line := range floor.want {
			if !strings.Contains(strings.Join(lines, "\n")+"\n", line) {
				t.Errorf("the closing table lacks %q:\n%s", line, out.String())
			}
		}
	}
}

// TestTheClosingTableComparesTheLosses checks the ratios of the errors and their intervals
// for each reading and K, and that there is no table without the standard loss.
func TestTheClosingTableComparesTheLosses(t *testing.T) {
	printed := func(replicates int, ks ...float64) string {
		trainings, err := table.Gather(table.Shape{Axes: []string{"preset", "k"}}, func(yield func(table.Row, error) bool) {
			index := -1
			for i, preset := range []string{"paper", "population"} {
				for _, k := range ks {
					index++
					for replicate := range replicates {
						c := sweep.Default()
						c.Preset, c.K, c.Replicate = preset, k, replicate
						m := sweep.Measures{Errors: map[string]float64{"k_probability": 1 / (1 + k*float64(1+i)), "covariance": math.Pow(2, k*float64(replicate))}}
						if !yield(table.Row{ConfigurationIndex: index, Configuration: c, Measures: &m}, nil) {
							return
						}
					}
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printLosses(&out, trainings.Levels()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	const header = "by how much the K-loss divides the errors: geometric means over pairs of trainings, with 95 % intervals (the axis k in axes.csv has every error):\n"
	for _, test := range []struct {
		replicates int
		ks         []float64
		want       string
	}{
		{3, []float64{0, 1}, header + `              scope  K      P(k)  rates        covariances  autocorrelogram
       preset=paper  1  2 [2, 2]      –  0.5 [0.0894, 2.8]                –
  preset=population  1  3 [3, 3]      –  0.5 [0.0894, 2.8]                –
`},
		{1, []float64{0, 1}, header + `              scope  K  P(k)  rates  covariances  autocorrelogram
       preset=paper  1     2      –            1                –
  preset=population  1     3      –            1                –
`},
		{3, []float64{1, 2}, ""},
		{3, []float64{0}, ""},
	} {
		if diff := cmp.Diff(test.want, printed(test.replicates, test.ks...)); diff != "" {
			t.Errorf("%d replicates of k = %v (-want +printed):\n%s", test.replicates, test.ks, diff)
		}
	}
}

// TestTheClosingLinesHaveTheClaims checks that each claim has a line for each part of the
// sweep, up to a bound, and that those without an effect are counted.
func TestTheClosingLinesHaveTheClaims(t *testing.T) {
	claims := []table.Claim{
		{Name: "a_claim", Scope: "k=0", Verdict: table.Holds, Plain: "error × 0.5 [0.4, 0.6]"},
		{Name: "a_claim", Scope: "k=1\n", Verdict: table.Undecided, Plain: "error × 0.5", Lacks: "needs at least 3 replicates (1 finished)", Low: math.NaN()},
		{Name: "a_claim", Scope: "k=2", Verdict: table.Undecided, Plain: "error × 0.5 [0.4, 2]", Lacks: "needs more replicates", Low: 0.4},
		{Name: "a_claim", Scope: "k=0", Verdict: table.Fails, Plain: "further", Rank: table.Further},
		{Name: "b_claim", Scope: "n=1 t=1 k=1", Verdict: table.Fails, Plain: "one", Rank: table.OfConfiguration},
		{Name: "c_claim", Scope: "k=0", Verdict: table.Undecided, Lacks: "needs two values of neurons or more"},
	}
	var out bytes.Buffer
	if err := printClaims(&out, claims); err != nil {
		t.Fatal(err)
	}
	want := `the paper's claims, with 95 % intervals over replicates (claims.md explains them):
  a_claim  k=0    holds      error × 0.5 [0.4, 0.6]
  a_claim  k=1\n  undecided  error × 0.5; needs at least 3 replicates (1 finished)
  a_claim  k=2    undecided  error × 0.5 [0.4, 2]
  undecided for lack of results: 1 more (claims.md names what they need)
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if err := printClaims(&out, slices.Repeat(claims[:1], maxLevels+3)); err != nil || strings.Count(out.String(), "\n") != maxLevels+2 || !strings.HasSuffix(out.String(), "\n… and 3 more in claims.csv\n") {
		t.Errorf("%v, printed\n%s", err, out.String())
	}
	out.Reset()
	if err := printClaims(&out, claims[5:]); err != nil || out.Len() != 0 {
		t.Errorf("without an effect, %v, printed %q", err, out.String())
	}
}

// TestResumeCommandOmitsPasswords checks that a URL with a password is omitted.
func TestIsRunByGo(t *testing.T) {
	for path, want := range map[string]bool{
		"/tmp/go-build2237463098/b001/exe/coordinator":     true,
		"/home/a/.cache/go-build/41/4177-d/coordinator":    true,
		"/tmp/go-build2237463098/b001/exe/coordinator.exe": true,
		"/tmp/go-build2237463098/b001/coordinator.test":    false,
		"bin/coordinator": false,
		"coordinator":     false,
	} {
		if got := isRunByGo(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

func TestResumeCommandOmitsPasswords(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
		hidden    bool
	}{
		"nothing":               {nil, "coordinator", false},
		"a file":                {[]string{"--store", "x.db", "--local", "2"}, "coordinator --store x.db --local 2", false},
		"a URL without one":     {[]string{"--store=postgres://me@host/x"}, "coordinator --store=postgres://me@host/x", false},
		"a URL with one":        {[]string{"--local", "2", "--store", "postgres://me:topsecret@host/x", "--out", "runs/x"}, "coordinator --local 2 --out runs/x", true},
		"… in one word":         {[]string{"--store=postgres://me:topsecret@host/x", "--out", "runs/x"}, "coordinator --out runs/x", true},
		"… among parameters":    {[]string{"--store", "postgres://host/x?sslmode=require&password=topsecret"}, "coordinator", true},
		"… given twice":         {[]string{"--store=postgres://a:topsecret@h/x", "--store", "postgres://b:topsecret@h/x"}, "coordinator", true},
		"a flag without a word": {[]string{"--out", "runs/x", "--store"}, "coordinator --out runs/x --store", false},
	} {
		command, note, noted := strings.Cut(resumeCommand(test.arguments), "\n")
		if command != test.want || noted != test.hidden || noted && !strings.Contains(note, "PGPASSWORD") {
			t.Errorf("%s: %q, %q: want %q, a note: %v", name, command, note, test.want, test.hidden)
		}
		if strings.Contains(command+note, "topsecret") {
			t.Errorf("%s: %q, %q shows the password", name, command, note)
		}
	}
}
