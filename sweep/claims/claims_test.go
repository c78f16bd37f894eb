package claims

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// made describes a made sweep. Effects are those of the true law of its errors, and every
// logarithm has normal noise.
type made struct {
	neurons, timesteps []int
	ks                 []float64
	replicates         int
	noise              float64
	againstN, againstT float64 // slopes of ln(error) against ln(n) and ln(t)
	kGain              float64 // ln(standard / K)
	correlations       float64 // ln of the errors of correlations, in floors, by those of marginals
	jsFall             float64 // ln
	bursts             float64 // slope of ln(model / recording) against ln(t)
	seed               uint64
}

// paper returns a sweep in which every claim of the paper is true.
func paper() made {
	return made{
		neurons: []int{2, 4, 8}, timesteps: []int{1, 2, 5}, ks: []float64{0, 1}, replicates: 8, noise: 0.2,
		againstN: -2, againstT: 0.1, kGain: 1, correlations: 1, jsFall: 2, bursts: 0.6, seed: 1,
	}
}

// rows returns the rows of the sweep in grid order.
func (m made) rows() []table.Row {
	var all []table.Row
	index := -1
	for _, n := range m.neurons {
		for _, timesteps := range m.timesteps {
			for _, k := range m.ks {
				index++
				for replicate := range m.replicates {
					c := sweep.Default()
					c.Neurons, c.Timesteps, c.K, c.Replicate = n, timesteps, k, replicate
					all = append(all, table.Row{
						ConfigurationIndex: index, State: sweep.Done, Configuration: c, Data: "surrogate", Measures: m.measures(c),
					})
				}
			}
		}
	}
	return all
}

func (m made) measures(c sweep.Configuration) *sweep.Measures {
	random := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, m.seed, c.Label()))))
	size := m.againstN*math.Log(float64(c.Neurons)) + m.againstT*math.Log(float64(c.Timesteps))
	if c.K != 0 {
		size -= m.kGain
	}
	noisy := func(ln float64) float64 { return math.Exp(ln + m.noise*random.NormFloat64()) }
	r := sweep.Measures{Errors: map[string]float64{}, Floors: map[string]float64{}, RatesHz: []float64{8}}
	for _, name := range errorNames {
		if name == "autocorrelogram" && c.Timesteps == 1 {
			continue
		}
		ln := size
		if name == "covariance" || name == "autocorrelogram" {
			ln += m.correlations
		}
		r.Floors[name], r.Errors[name] = 1e-4, 1e-2*noisy(ln)
	}
	if c.HasState() {
		r.History = &sweep.HistorySummary{FirstJSBits: 0.5, LastJSBits: 0.5 * noisy(-m.jsFall), Tau: max(-1, min(1, -math.Tanh(m.jsFall)+m.noise*random.NormFloat64()))}
	}
	if c.Timesteps > 1 {
		r.LagOne = &sweep.LagOne{Data: 0.2, Model: 0.1 * noisy(m.bursts*math.Log(float64(c.Timesteps)))}
	}
	return &r
}

// fataler is a test or a check of package rapid.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func judged(t fataler, shape table.Shape, rows []table.Row) *Report {
	t.Helper()
	r, err := Judge(shape, func(yield func(table.Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// find returns the claim of a name, a scope and a rank.
func find(t testing.TB, r *Report, name, scope string, rank table.Rank) table.Claim {
	t.Helper()
	for _, c := range r.Claims {
		if c.Name == name && c.Scope == scope && c.Rank == rank {
			return c
		}
	}
	t.Fatalf("there is no claim %s of %s", name, scope)
	return table.Claim{}
}

// TestVerdicts tests each claim on a sweep for which it is true, on one for which it is
// false, and on one with too much noise to tell.
func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		claim, scope  string
		rank          table.Rank
		untrue        func(*made)
		held, refuted float64 // effects
	}{
		{"k_probability_error_falls_with_neurons", "k=0", table.Leading, func(m *made) { m.againstN = 0.5 }, -2, 0.5},
		// ln(n + 1) rises by 0.79 per unit of ln(n) from n = 2 to 8
		{"k_probability_error_falls_with_neurons", "k=1", table.Further, func(m *made) { m.againstN = -0.6 }, -1.21, 0.19},
		{"firing_rate_error_falls_with_neurons", "k=1", table.Leading, func(m *made) { m.againstN = 0 }, -2, 0},
		{"firing_rate_error_falls_with_neurons", "k=0", table.Further, func(m *made) { m.againstN = 1 }, -2, 1},
		{"k_probability_error_does_not_fall_with_timesteps", "k=0", table.Leading, func(m *made) { m.againstT = -0.7 }, 0.1, -0.7},
		{"firing_rate_error_does_not_fall_with_timesteps", "k=1", table.Leading, func(m *made) { m.againstT = -0.7 }, 0.1, -0.7},
		{"k_loss_improves_k_probability", "grid k=1", table.Leading, func(m *made) { m.kGain = -0.5 }, 1, -0.5},
		{"k_loss_improves_k_probability", "grid k=1", table.Further, func(m *made) { m.kGain = -0.5 }, 1, 0.05},
		{"k_loss_improves_k_probability", "n=4 t=5 k=1", table.OfConfiguration, func(m *made) { m.kGain = -1 }, 1, -1},
		{"k_loss_improves_firing_rate", "grid k=1", table.Leading, func(m *made) { m.kGain = 0 }, 1, 0},
		{"k_loss_improves_firing_rate", "n=8 t=1 k=1", table.OfConfiguration, func(m *made) { m.kGain = -1 }, 1, -1},
		{"marginals_fit_better_than_correlations", "k=0", table.Leading, func(m *made) { m.correlations = -1 }, 1, -1},
		{"js_falls_during_training", "k=0", table.Leading, func(m *made) { m.jsFall = -0.5 }, 2, -0.5},
		{"js_falls_during_training", "k=1", table.Further, func(m *made) { m.jsFall = 0 }, -0.96, 0},
		{"bursts_grow_with_timesteps", "k=0", table.Leading, func(m *made) { m.bursts = 0 }, 0.6, 0},
	} {
		t.Run(fmt.Sprintf("%s %s %d", test.claim, test.scope, test.rank), func(t *testing.T) {
			held, refuted, noisy := paper(), paper(), paper()
			test.untrue(&refuted)
			held.noise, refuted.noise = 0.05, 0.05
			noisy.noise, noisy.replicates = 25, 6
			for _, sample := range []struct {
				made
				want   table.Verdict
				effect float64
			}{{held, table.Holds, test.held}, {refuted, table.Fails, test.refuted}, {noisy, table.Undecided, math.NaN()}} {
				c := find(t, judged(t, table.Shape{}, sample.rows()), test.claim, test.scope, test.rank)
				if c.Verdict != sample.want || math.Abs(c.Effect-sample.effect) > 0.15 || !(c.Low <= c.Effect && c.Effect <= c.High) {
					t.Errorf("%s is %s, with %.3g [%.3g, %.3g], want %.3g, p %.3g (%.3g)", c.Statistic, c.Verdict, c.Effect, c.Low, c.High, sample.effect, c.P, c.Corrected)
				}
				if strings.HasPrefix(c.Lacks, "needs more replicates: ") != (c.Verdict == table.Undecided) {
					t.Errorf("%s lacks %q", c.Verdict, c.Lacks)
				}
			}
		})
	}
}

// TestWhatASweepLacks checks that claims which cannot be decided name the reason.
func TestWhatASweepLacks(t *testing.T) {
	every := func(change func(*table.Row)) func([]table.Row) {
		return func(rows []table.Row) {
			for i := range rows {
				change(&rows[i])
			}
		}
	}
	for name, test := range map[string]struct {
		made         func(*made)
		change       func([]table.Row)
		claim, scope string
		want         string
	}{
		"one value of n":   {func(m *made) { m.neurons = []int{4} }, nil, "k_probability_error_falls_with_neurons", "k=0", "needs two values of neurons or more"},
		"one value of t":   {func(m *made) { m.timesteps = []int{4} }, nil, "firing_rate_error_does_not_fall_with_timesteps", "k=1", "needs two values of timesteps or more"},
		"n changes with t": {nil, every(func(r *table.Row) { r.Configuration.Timesteps = r.Configuration.Neurons }), "firing_rate_error_falls_with_neurons", "k=0", "needs configurations that differ in neurons alone"},
		"two replicates":   {func(m *made) { m.replicates = 2 }, nil, "js_falls_during_training", "k=0", "needs at least 3 replicates (2 finished)"},
		"… for the grid":   {func(m *made) { m.replicates = 2 }, nil, "k_loss_improves_firing_rate", "grid k=1", "needs at least 3 replicates (2 finished)"},
		"five replicates":  {func(m *made) { m.replicates = 5 }, nil, "k_loss_improves_firing_rate", "n=4 t=5 k=1", "needs at least 6 replicates with both losses (5 finished), for a p of 0.05 or less"},
		"five pairs":       {func(m *made) { m.replicates, m.neurons, m.timesteps = 5, []int{2}, []int{1} }, nil, "k_loss_improves_firing_rate", "grid k=1", "needs at least 6 pairs of trainings (5 finished)"},
		"no K-loss":        {func(m *made) { m.ks = []float64{0} }, nil, "k_loss_improves_k_probability", "grid", "needs another value of k beside 0"},
		"no standard loss": {func(m *made) { m.ks = []float64{1, 2} }, nil, "k_loss_improves_k_probability", "grid k=2", "needs k = 0, the standard loss"},
		"no k":             {nil, every(func(r *table.Row) { r.Configuration.Objective = "likelihood" }), "k_loss_improves_k_probability", "grid", "needs an objective that reads k"},
		"a baseline": {nil, every(func(r *table.Row) {
			if r.Configuration.K == 1 {
				r.Configuration.Model = "another"
			}
		}), "k_loss_improves_k_probability", "grid", "needs another value of k beside 0"},
		"large windows":     {func(m *made) { m.neurons = []int{20} }, nil, "js_falls_during_training", "k=0", needsState},
		"t = 1 and 2":       {func(m *made) { m.timesteps = []int{1, 2} }, nil, "bursts_grow_with_timesteps", "k=0", "needs two values of timesteps above 1"},
		"no floors":         {nil, every(func(r *table.Row) { r.Measures.Floors = nil }), "marginals_fit_better_than_correlations", "k=0", "needs floors, two neurons or two time steps, and so a recording of two repeats or more"},
		"errors of 0":       {nil, every(func(r *table.Row) { r.Measures.Errors["k_probability"] = 0 }), "k_probability_error_falls_with_neurons", "k=0", "needs errors above 0"},
		"nothing finished":  {nil, every(func(r *table.Row) { r.Measures = nil }), "k_probability_error_falls_with_neurons", "k=0", "needs finished trainings"},
		"… with both":       {nil, every(func(r *table.Row) { r.Measures = nil }), "k_loss_improves_k_probability", "grid k=1", "needs at least 3 replicates (0 finished)"},
		"an earlier store":  {nil, every(func(r *table.Row) { *r.Measures = r.Measures.Earlier() }), "js_falls_during_training", "k=1", "needs results of this version: these were stored by an earlier one"},
		"… without lag one": {nil, every(func(r *table.Row) { *r.Measures = r.Measures.Earlier() }), "bursts_grow_with_timesteps", "k=0", "needs results of this version: these were stored by an earlier one"},
	} {
		t.Run(name, func(t *testing.T) {
			m := paper()
			if test.made != nil {
				test.made(&m)
			}
			rows := m.rows()
			if test.change != nil {
				test.change(rows)
			}
			r := judged(t, table.Shape{}, rows)
			for _, c := range r.Claims {
				if c.Name != test.claim || c.Scope != test.scope {
					continue
				}
				if c.Verdict != table.Undecided || c.Lacks != test.want {
					t.Errorf("%s: %s, lacks %q, want %q", c.Statistic, c.Verdict, c.Lacks, test.want)
				}
				return
			}
			t.Errorf("there is no claim %s of %s", test.claim, test.scope)
		})
	}
}

// TestATrainingWithoutKCountsOnce checks that an objective that does not read k has the
// claims of its trainings once, whatever values of k share them.
func TestATrainingWithoutKCountsOnce(t *testing.T) {
	m := paper()
	m.kGain = 0
	var once, twice []table.Row
	for _, row := range m.rows() {
		row.Configuration.Objective = "likelihood"
		if row.Configuration.K == 0 {
			once = append(once, row)
			twice = append(twice, row)
			row.Configuration.K = 1
			twice = append(twice, row)
		}
	}
	var want, got bytes.Buffer
	for b, rows := range map[*bytes.Buffer][]table.Row{&want: once, &got: twice} {
		if err := table.WriteClaims(b, judged(t, table.Shape{}, rows).Claims); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" || strings.Contains(got.String(), "k=1") {
		t.Errorf("the same trainings under two values of k change the claims:\n%s", diff)
	}
}

// TestClaimsDoNotDependOnOrder shuffles the rows, which changes nothing, and renumbers
// the replicates, which changes no verdict.
func TestClaimsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := paper()
		m.seed = rapid.Uint64().Draw(t, "seed")
		m.noise = rapid.Float64Range(0.1, 3).Draw(t, "noise")
		m.neurons, m.timesteps, m.replicates = []int{2, 8}, []int{1, 5}, rapid.SampledFrom([]int{2, 3, 3, 3, 6}).Draw(t, "number")
		var want, got bytes.Buffer
		rows := m.rows()
		before := judged(t, table.Shape{}, rows)
		if err := table.WriteClaims(&want, before.Claims); err != nil {
			t.Fatal(err)
		}
		rows = rapid.Permutation(rows).Draw(t, "rows")
		if err := table.WriteClaims(&got, judged(t, table.Shape{}, rows).Claims); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Fatalf("the order of rows matters:\n%s", diff)
		}
		numbers := make([]int, m.replicates)
		for i := range numbers {
			numbers[i] = i
		}
		numbers = rapid.Permutation(numbers).Draw(t, "replicates")
		for i := range rows {
			rows[i].Configuration.Replicate = numbers[rows[i].Configuration.Replicate]
		}
		for i, c := range judged(t, table.Shape{}, rows).Claims {
			if b := before.Claims[i]; c.Verdict != b.Verdict || c.Lacks != b.Lacks || c.Scope != b.Scope || c.P != b.P && !math.IsNaN(c.P) {
				t.Fatalf("renumbered, %+v becomes %+v", b, c)
			}
		}
	})
}

// TestFacets checks that further axes are tested one by one, up to a bound.
// TestReplicatesOfSomeConfigurations checks that replicates that only some configurations
// have change no statistic over configurations, and those of a configuration alone.
func TestReplicatesOfSomeConfigurations(t *testing.T) {
	m := paper()
	want := judged(t, table.Shape{}, m.rows())
	m.replicates = 12
	rows := slices.DeleteFunc(m.rows(), func(r table.Row) bool {
		return r.Configuration.Replicate >= 8 && r.Configuration.Neurons != 4
	})
	for i := range rows { // such replicates differ from all others
		if r := &rows[i]; r.Configuration.Replicate >= 8 {
			for name := range r.Measures.Errors {
				r.Measures.Errors[name] *= 1e3
			}
		}
	}
	got := judged(t, table.Shape{}, rows)
	longer := 0
	for i, c := range got.Claims {
		before := want.Claims[i]
		if c.Rank == table.OfConfiguration {
			if strings.HasPrefix(c.Scope, "n=4 ") && c.P < before.P {
				longer++
			}
			continue
		}
		if diff := cmp.Diff(fmt.Sprint(before), fmt.Sprint(c)); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", c.Name, c.Scope, diff)
		}
	}
	if longer != 6 {
		t.Errorf("%d comparisons at n = 4 have a smaller p with twelve replicates, want 6", longer)
	}

	// A replicate that is planned for all counts, whether it is finished or not.
	for i := range rows {
		if c := rows[i].Configuration; c.Replicate == 7 && c.Neurons == 2 {
			rows[i].Measures = nil
		}
	}
	unfinished := judged(t, table.Shape{}, rows)
	if want, got := find(t, want, "js_falls_during_training", "k=0", table.Leading), find(t, unfinished, "js_falls_during_training", "k=0", table.Leading); want.Effect == got.Effect {
		t.Error("a replicate that some configurations have not finished does not count")
	}
}

func TestFacets(t *testing.T) {
	m := paper()
	m.neurons, m.timesteps, m.replicates = []int{2, 4}, []int{1}, 3
	m.noise = 0.02
	var rows []table.Row
	for seed := range maxFacets + 5 {
		m.againstN = -1
		if seed == 1 {
			m.againstN = 1
		}
		for _, row := range m.rows() {
			row.Configuration.Seed = uint64(seed)
			rows = append(rows, row)
		}
	}
	r := judged(t, table.Shape{Axes: []string{"seed", "neurons"}}, rows)
	for seed, want := range []table.Verdict{table.Holds, table.Fails} {
		if c := find(t, r, "k_probability_error_falls_with_neurons", fmt.Sprintf("seed=%d k=0", seed), table.Leading); c.Verdict != want {
			t.Errorf("seed %d: %+v", seed, c)
		}
	}
	find(t, r, "k_loss_improves_firing_rate", "seed=99 n=2 t=1 k=1", table.OfConfiguration)
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || r.Omitted != 5 || !strings.Contains(text.String(), "\n5 further combinations") {
		t.Errorf("%d omitted, %v:\n%s", r.Omitted, err, text.String())
	}
}

// TestTheFilesMatchTheGoldenFiles uses a sweep of a few claims that hold, fail and are
// undecided.
func TestTheFilesMatchTheGoldenFiles(t *testing.T) {
	m := paper()
	m.noise, m.replicates, m.againstT = 0.8, 6, -0.5
	rows := m.rows()
	for i := range rows {
		rows[i].Data = "a|b`c.mat"
		if i%7 == 3 {
			rows[i].State, rows[i].Measures = sweep.Pending, nil
		}
	}
	r := judged(t, table.Shape{}, rows)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"claims.csv": func(b *bytes.Buffer) error { return table.WriteClaims(b, r.Claims) },
		"claims.md":  func(b *bytes.Buffer) error { return r.WriteText(b) },
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, filepath.Join("testdata", name), got.String())
	}
}

// TestTheilSenIsTheMedianOfAllSlopes compares with the definition, pair by pair.
func TestTheilSenIsTheMedianOfAllSlopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sample {
			return sample{float64(rapid.IntRange(1, 6).Draw(t, "x")), rapid.Float64Range(-10, 10).Draw(t, "y"), rapid.IntRange(0, 2).Draw(t, "stratum")}
		}), 0, 30).Draw(t, "samples")
		var slopes []float64
		for i, a := range samples {
			for _, b := range samples[i+1:] {
				if a.stratum == b.stratum && a.x != b.x {
					slopes = append(slopes, (b.y-a.y)/(b.x-a.x))
				}
			}
		}
		got, ok := theilSen(samples)
		if ok != (len(slopes) > 0) {
			t.Fatalf("%d slopes, and defined is %t", len(slopes), ok)
		}
		if !ok {
			return
		}
		slices.Sort(slopes)
		if want := (slopes[(len(slopes)-1)/2] + slopes[len(slopes)/2]) / 2; got != want {
			t.Fatalf("median is %v, want %v of %v", got, want, slopes)
		}
	})
}

// TestTheilSenOfManySamples takes a part of the pairs of a straight line.
func TestTheilSenOfManySamples(t *testing.T) {
	samples := make([]sample, 1000)
	for i := range samples {
		samples[i] = sample{x: float64(i), y: 3 - 0.5*float64(i)}
	}
	if slope, ok := theilSen(samples); !ok || slope != -0.5 {
		t.Errorf("slope is %v, %t", slope, ok)
	}
}

// TestFewReplicatesAreLeftOut checks that configurations of too few replicates for a
// verdict do not change the corrected p of the others, and are undecided.
func TestFewReplicatesAreLeftOut(t *testing.T) {
	m := paper()
	m.replicates, m.kGain, m.noise = 10, 0.3, 0.3
	keep := func(replicates int) *Report { // of the configurations that are not of four neurons
		return judged(t, table.Shape{}, slices.DeleteFunc(m.rows(), func(r table.Row) bool {
			return r.Configuration.Replicate >= replicates && r.Configuration.Neurons != 4
		}))
	}
	alone, stopped := keep(0), keep(3)
	var text strings.Builder
	if err := stopped.WriteText(&text); err != nil || !strings.Contains(text.String(), "The configurations have 3 to 10 replicates. ") {
		t.Errorf("claims.md (error %v) does not say that the numbers of replicates differ:\n%s", err, text.String())
	}
	compared := 0
	for _, c := range stopped.Claims {
		switch {
		case c.Rank != table.OfConfiguration:
		case strings.HasPrefix(c.Scope, "n=4 "):
			compared++
			if want := find(t, alone, c.Name, c.Scope, c.Rank); c.Corrected != want.Corrected || c.Verdict != want.Verdict {
				t.Errorf("%s, %s: corrected p %v (%s), want %v (%s) as without the others", c.Name, c.Scope, c.Corrected, c.Verdict, want.Corrected, want.Verdict)
			}
		default:
			if c.Verdict != table.Undecided || !strings.HasPrefix(c.Lacks, "needs at least 6 replicates with both losses (3 finished)") || !(c.P >= 0.25) || !math.IsNaN(c.Corrected) {
				t.Errorf("%s, %s: %s, p %v, corrected %v, lacks %q", c.Name, c.Scope, c.Verdict, c.P, c.Corrected, c.Lacks)
			}
		}
	}
	if compared != 6 {
		t.Errorf("%d configurations were compared, want 6", compared)
	}
}
