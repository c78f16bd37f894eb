package grid

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func labels(g *Grid) []string {
	var all []string
	for _, c := range g.Configurations() {
		all = append(all, strings.TrimSuffix(c.Label(g.Columns()...), " replicate 0"))
	}
	return all
}

// TestBaselinesFollowTheGrid checks that configurations on the same data share their
// baselines, which follow the grid's own configurations in the order of sweep.Baselines,
// the trained ones first.
func TestBaselinesFollowTheGrid(t *testing.T) {
	g, diagnostics := Parse("test.hcl", []byte(`sweep "a" {
		replicates = 3
		grid {
			k         = [0, 1]
			timesteps = [1, 2]
			preset    = ["paper", "pqwgan"]
			select    = ["first", "most_active"]
		}
		exclude { when = select == "first" && timesteps == 2 }
		evaluation { baselines = ["markov", "mixture", "independent"] }
	}`), nil)
	if diagnostics.Len() > 0 {
		t.Fatal(diagnostics)
	}
	want := []string{
		`mixture n=2 t=1 k=0 preset="paper" select="first"`, `mixture n=2 t=1 k=0 preset="paper" select="most_active"`,
		`mixture n=2 t=1 k=0 preset="pqwgan" select="first"`, `mixture n=2 t=1 k=0 preset="pqwgan" select="most_active"`,
		`mixture n=2 t=2 k=0 preset="paper" select="most_active"`, `mixture n=2 t=2 k=0 preset="pqwgan" select="most_active"`,
		`mixture n=2 t=1 k=1 preset="paper" select="first"`, `mixture n=2 t=1 k=1 preset="paper" select="most_active"`,
		`mixture n=2 t=1 k=1 preset="pqwgan" select="first"`, `mixture n=2 t=1 k=1 preset="pqwgan" select="most_active"`,
		`mixture n=2 t=2 k=1 preset="paper" select="most_active"`, `mixture n=2 t=2 k=1 preset="pqwgan" select="most_active"`,
		`independent n=2 t=1 select="first"`, `independent n=2 t=1 select="most_active"`, `independent n=2 t=2 select="most_active"`,
		`markov n=2 t=2 select="most_active"`,
	}
	if diff := cmp.Diff(want, labels(g)[12:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if g.Baselines() != 16 || g.Rows() != 24*3+4 {
		t.Errorf("%d baselines, %d rows", g.Baselines(), g.Rows())
	}
}

// TestABaselineOccursOnce sweeps k and an objective that does not read it.
func TestABaselineOccursOnce(t *testing.T) {
	g, diagnostics := Parse("test.hcl", []byte(`sweep "a" {
		grid {
			k         = [0, 1]
			objective = ["wgan", "likelihood"]
		}
		evaluation { baselines = ["mixture"] }
	}`), nil)
	if diagnostics.Len() > 0 {
		t.Fatal(diagnostics)
	}
	want := []string{
		`mixture n=2 t=1 k=0 objective="wgan"`, `mixture n=2 t=1 k=0 objective="likelihood"`, `mixture n=2 t=1 k=1 objective="wgan"`,
	}
	if diff := cmp.Diff(want, labels(g)[4:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABaselineThatIsNotDefinedIsLeftOut(t *testing.T) {
	for _, test := range []struct{ grid, baselines, want string }{
		{"neurons = [16, 17, 20]", `"psth"`, `the baseline "psth" needs neurons of at most 16: there is none for 2 of 3 combinations`},
		{"neurons = [2, 13, 14]", `"pairwise"`, `the baseline "pairwise" needs neurons of at most 12: there is none for 2 of 3 combinations`},
		{"timesteps = [1, 2]", `"markov"`, ""},
		{`gradient = ["local", "parameter_shift"]`, `"mixture", "rbm"`, `the baseline "rbm" needs another gradient than "parameter_shift": there is none for 1 of 2 combinations`},
		{"timesteps = [1]", `"markov"`, `the baseline "markov" needs timesteps of at least 2: there is none for 1 of 1 combinations`},
	} {
		source := fmt.Sprintf("sweep \"a\" {\n grid {\n %s\n}\n evaluation {\n baselines = [%s]\n}\n}", test.grid, test.baselines)
		g, diagnostics := Parse("test.hcl", []byte(source), nil)
		if g == nil || (diagnostics.Len() > 0) != (test.want != "") || !strings.Contains(diagnostics.Error(), test.want) {
			t.Errorf("%s: got %v", test.grid, diagnostics)
		}
	}
}

// TestAtInvertsRow checks that the rows are numbered from 0, each once and in order.
func TestAtInvertsRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		replicates := rapid.IntRange(1, 4).Draw(t, "replicates")
		baselines := rapid.SampledFrom([]string{"", `"psth"`, `"mixture"`, `"psth", "mixture", "markov"`, `"rbm", "mixture", "psth"`}).Draw(t, "baselines")
		g, diagnostics := Parse("test.hcl", fmt.Appendf(nil,
			"sweep \"a\" {\n replicates = %d\n grid {\n timesteps = [1, 2, 3]\n}\n evaluation {\n baselines = [%s]\n}\n}", replicates, baselines), nil)
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		next := 0
		for i, c := range g.Configurations() {
			count := replicates
			if c.IsFitted() {
				count = 1
			}
			for replicate := range count {
				position, r := g.At(next)
				if g.Row(i, replicate) != next || position != i || r != replicate {
					t.Fatalf("row %d: configuration %d replicate %d is %d, back %d %d", next, i, replicate, g.Row(i, replicate), position, r)
				}
				next++
			}
		}
		if g.Rows() != next {
			t.Errorf("%d rows, want %d", g.Rows(), next)
		}
	})
}
