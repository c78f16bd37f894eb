package grid

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"pgregory.net/rapid"

	"spiqsweep/sweep"
)

func TestReplicatesAreRead(t *testing.T) {
	for _, test := range []struct {
		written string
		want    Replicates
	}{
		{"", Replicates{Min: 1, Max: 1}},
		{"replicates = 4", Replicates{Min: 4, Max: 4}},
		{"replicates {\nmax = 9\nuntil = { js_bits = 1 / 4 }\n}", Replicates{Min: 3, Max: 9, Until: []Precision{{"js_bits", 0.25}}}},
		{
			"replicates {\nmin = 5\nmax = 5\nuntil = { mse_k_probability = 0.2, \"mse_covariance\" = 1 }\n}",
			Replicates{Min: 5, Max: 5, Until: []Precision{{"mse_covariance", 1}, {"mse_k_probability", 0.2}}},
		},
	} {
		g := mustParse(t, fmt.Sprintf("sweep \"a\" {\n%s\n}", test.written))
		if diff := cmp.Diff(test.want, g.Replicates); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.written, diff)
		}
		if g.Rows() != test.want.Min || g.MaxRows() != test.want.Max {
			t.Errorf("%s: %d to %d rows", test.written, g.Rows(), g.MaxRows())
		}
	}
}

// TestRowsWithAnyReplicates checks that rows are numbered in grid order for any numbers of
// replicates, and that fitted models have one.
func TestRowsWithAnyReplicates(t *testing.T) {
	g := mustParse(t, `sweep "a" {
		replicates = 2
		grid {
			neurons = [2, 4]
			k       = [0, 1]
		}
		evaluation {
			baselines = ["independent", "mixture"]
		}
	}`)
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(1, 5), g.Trained(), g.Trained()).Draw(t, "counts")
		with := g.WithReplicates(counts)
		row := 0
		for i, c := range with.Configurations() {
			want := 1
			if !c.IsFitted() {
				want = counts[i]
			}
			if got := with.ReplicatesOf(i); got != want {
				t.Fatalf("configuration %d has %d replicates, want %d", i, got, want)
			}
			for replicate := range want {
				if got := with.Row(i, replicate); got != row {
					t.Fatalf("row of %d/%d is %d, want %d", i, replicate, got, row)
				}
				if j, r := with.At(row); j != i || r != replicate {
					t.Fatalf("row %d is %d/%d, want %d/%d", row, j, r, i, replicate)
				}
				row++
			}
		}
		if with.Rows() != row {
			t.Fatalf("%d rows, want %d", with.Rows(), row)
		}
	})
	if g.Rows() != 2*g.Trained()+2 {
		t.Errorf("WithReplicates has changed its receiver: %d rows", g.Rows())
	}
}

// TestPartners checks that partners are the configurations that differ in k alone.
func TestPartners(t *testing.T) {
	g := mustParse(t, `sweep "a" {
		grid {
			neurons = [2, 4]
			k       = [0, 1, 2]
			preset  = ["paper", "population"]
		}
		exclude {
			when = neurons == 4 && k == 1
		}
		evaluation {
			baselines = ["independent", "mixture"]
		}
	}`)
	groups := map[string][]int{}
	for i, c := range g.Configurations() {
		if c.IsFitted() {
			continue
		}
		c.K = 0
		text := c.Model
		for _, s := range sweep.Settings() {
			text += " " + sweep.Format(s.Value(c))
		}
		groups[text] = append(groups[text], i)
	}
	partners := g.Partners()
	if len(partners) != len(groups) {
		t.Errorf("%d groups, want %d", len(partners), len(groups))
	}
	want := map[int][]int{}
	for _, group := range groups {
		want[group[0]] = group
	}
	got := map[int][]int{}
	for _, group := range partners {
		got[group[0]] = group
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("partners (-want +got):\n%s", diff)
	}
}

// TestUndefinedErrorsOfUntil checks that errors that configurations do not define are
// reported before anything is trained.
func TestUndefinedErrorsOfUntil(t *testing.T) {
	for _, test := range []struct {
		until, timesteps, want string
		severity               hcl.DiagnosticSeverity
	}{
		{"mse_k_probability", "1, 5", "", 0},
		{"mse_autocorrelogram", "2, 5", "", 0},
		{"mse_autocorrelogram", "1, 5", "until: mse_autocorrelogram is undefined in 2 of 4 configurations, such as n=2 t=1: it decides on replicates in the others alone", hcl.DiagWarning},
		{"js_bits", "2, 5", "until: js_bits is undefined in 1 of 4 configurations, such as n=4 t=5: ", hcl.DiagWarning},
		{"mse_lagged_covariance", "1", "until: mse_lagged_covariance is undefined in every configuration, such as n=2 t=1: name another error", hcl.DiagError},
		{"heldout_js_bits", "1", "until: heldout_js_bits is defined only with a holdout: ", hcl.DiagError},
	} {
		_, found := Parse("sweep.hcl", []byte(`sweep "a" {
			replicates {
				max   = 9
				until = { `+test.until+` = 0.2 }
			}
			grid {
				neurons   = [2, 4]
				timesteps = [`+test.timesteps+`]
			}
		}`), nil)
		diagnostics := found.list
		if test.want == "" && len(diagnostics) == 0 {
			continue
		}
		if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics[0].Detail, test.want) || diagnostics[0].Severity != test.severity {
			t.Errorf("until %s, timesteps %s: %v, want %q", test.until, test.timesteps, diagnostics, test.want)
		}
	}
}
