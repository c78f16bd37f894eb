package figure

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"
	"pgregory.net/rapid"

	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// example returns a full grid of Fig. S1 with artificial errors, which fall with n,
// rise with t, and are halved by the K-loss at t ≤ 5 only.
func example(entanglers ...string) table.Rows {
	return func(yield func(table.Row, error) bool) {
		for _, entangler := range entanglers {
			for _, n := range []int{2, 4, 6, 8, 10} {
				for _, timesteps := range []int{1, 2, 5, 10, 20, 30} {
					for _, k := range []float64{0, 1} {
						for replicate := range 3 {
							c := sweep.Default()
							c.Circuit.Entangler = entangler
							c.Neurons, c.Timesteps, c.K, c.Replicate = n, timesteps, k, replicate
							if !yield(row(c), nil) {
								return
							}
						}
					}
				}
			}
		}
	}
}

func row(c sweep.Configuration) table.Row {
	neurons, rates := make([]int, c.Neurons), make([]float64, c.Neurons)
	for i := range neurons {
		neurons[i], rates[i] = 7*i%11, 8-0.4*float64(i)
	}
	size := 1e-3 * float64(c.Timesteps) / float64(c.Neurons) * math.Pow(3, float64(c.Replicate))
	if c.K == 1 && c.Timesteps <= 5 {
		size /= 2
	}
	if c.K == 1 && c.Timesteps == 30 && c.Replicate == 1 {
		size /= 30 // makes the sign undecided
	}
	return table.Row{
		Configuration: c, Data: "surrogate", NeuronIDs: neurons,
		Measures: &sweep.Measures{
			Errors:  map[string]float64{"k_probability": size, "firing_rate_hz2": 1e3 * size},
			Floors:  map[string]float64{"k_probability": 1e-7, "firing_rate_hz2": 1e-4},
			RatesHz: rates,
		},
	}
}

func TestS1NumbersMatchTheGoldenFile(t *testing.T) {
	figures, _, err := S1(table.Shape{}, example("chain"))
	if err != nil || len(figures) != 1 || figures[0].Name != "S1" {
		t.Fatalf("%d figures, %v", len(figures), err)
	}
	compareNumbers(t, figures[0])
}

// compareNumbers compares the plotted numbers of a figure with their golden file.
func compareNumbers(t *testing.T, f *Figure) {
	t.Helper()
	var got bytes.Buffer
	if err := f.Write(&got, "csv", FullWidthCM); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join("testdata", f.Name+".csv"), got.String())
}

// TestPointByHand uses n = 2, t = 1 and the standard loss, where the errors of the
// three replicates differ by factors of 3.
func TestPointByHand(t *testing.T) {
	all, _, err := facets(table.Shape{}, example("chain"))
	if err != nil {
		t.Fatal(err)
	}
	var runs []run
	for _, r := range all[0].runs {
		if r.timesteps == 1 {
			runs = append(runs, r)
		}
	}
	p := errorsBy(runs, 0, 0, neuronsOf)[0]
	want := point{x: 2, low: 0.5e-3, geometric: 1.5e-3, high: 4.5e-3, floor: 1e-7}
	for name, pair := range map[string][2]float64{
		"smallest": {p.low, want.low}, "geometric mean": {p.geometric, want.geometric},
		"largest": {p.high, want.high}, "floor": {p.floor, want.floor},
	} {
		if math.Abs(pair[0]/pair[1]-1) > 1e-12 {
			t.Errorf("%s is %g, want %g", name, pair[0], pair[1])
		}
	}
	if p.x != 2 || len(p.errors) != 3 {
		t.Errorf("point at n = %d of %d trainings, want n = 2 of 3", p.x, len(p.errors))
	}
}

func TestDifferencesByHand(t *testing.T) {
	all, _, err := facets(table.Shape{}, example("chain"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences(all[0].runs, 0, 1) {
		if d.neurons != 2 {
			continue
		}
		mean := 1e-3 * float64(d.timesteps) / 2 * (1 + 3 + 9) / 3 // of the standard loss
		want := 0.0
		switch {
		case d.timesteps <= 5:
			want = mean / 2
		case d.timesteps == 30:
			want = 1e-3 * 30 / 2 * 3 * (1 - 1.0/30) / 3
		}
		if math.Abs(d.mean-want) > 1e-15 || d.pairs != 3 {
			t.Errorf("t = %d: difference %g over %d pairs, want %g over 3", d.timesteps, d.mean, d.pairs, want)
		}
	}
	if !coversZero([]float64{-1, 0.1, 1}) || coversZero([]float64{1, 1.1, 0.9}) || coversZero([]float64{-1, 1}) {
		t.Error("coversZero is wrong for one of three intervals")
	}
}

// TestOtherAxesMakeOtherFigures checks that configurations that differ in more than
// n, t and k are not pooled.
func TestOtherAxesMakeOtherFigures(t *testing.T) {
	figures, _, err := S1(table.Shape{Axes: []string{"entangler", "neurons", "timesteps", "k"}}, example("chain", "none"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range figures {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"S1-entangler=chain", "S1-entangler=none"}, names); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

// TestFileNamesAreDistinctAndShort also assumes a file system that ignores case and
// rejects some characters.
func TestFileNamesAreDistinctAndShort(t *testing.T) {
	facets := rapid.OneOf(
		rapid.StringMatching(`([a-z_]{1,12}=[-A-Za-z0-9.,\[\]+ ]{1,12} ?){1,12}`), rapid.String(),
		rapid.SampledFrom([]string{"a=1 b=2", "a=1-b=2", "a=x", "a=X", "a=1/2", "a=1:2", "select=[50 2]", "select=[50  2]"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		names := map[string]string{}
		for _, facet := range rapid.SliceOfN(facets, 1, 30).Draw(t, "facets") {
			name := fileName("S1", facet)
			if len(name) > maxFileName || strings.ContainsFunc(name, func(r rune) bool {
				return r < '-' || r > 'z' || strings.ContainsRune(`/\:;<>?@[]^`+"`", r)
			}) {
				t.Fatalf("%q is named %q", facet, name)
			}
			folded := strings.ToLower(name)
			if other, taken := names[folded]; taken && other != facet {
				t.Fatalf("%q and %q are both named %q", facet, other, name)
			}
			names[folded] = facet
		}
	})
	if name := fileName("S1", "entangler=none layers=4"); name != "S1-entangler=none-layers=4" {
		t.Errorf("a plain facet is named %q", name)
	}
}

func TestEveryFormatIsWritten(t *testing.T) {
	figures, _, err := S1(table.Shape{}, example("chain"))
	if err != nil {
		t.Fatal(err)
	}
	for format, magic := range map[string]string{"svg": "<?xml", "pdf": "%PDF", "png": "\x89PNG", "csv": "panel,"} {
		var b bytes.Buffer
		if err := figures[0].Write(&b, format, FullWidthCM); err != nil || !bytes.HasPrefix(b.Bytes(), []byte(magic)) {
			t.Errorf("%s: %v, starts with %q", format, err, b.Bytes()[:min(8, b.Len())])
		}
		if folder := os.Getenv("SPIQSWEEP_FIGURES"); folder != "" { // to inspect them
			if err := os.WriteFile(filepath.Join(folder, "S1."+format), b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := figures[0].Write(new(bytes.Buffer), "gif", FullWidthCM); err == nil {
		t.Error("an unknown format was written")
	}
}

// TestPartialSweepsAreDrawn checks that any subset of the results can be drawn,
// because figures are refreshed while the sweep runs.
func TestPartialSweepsAreDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var some []table.Row
		for r, err := range example("chain") {
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 30).Draw(t, "chosen") == 0 {
				if rapid.IntRange(0, 3).Draw(t, "zero") == 0 {
					r.Measures.Errors["k_probability"] = 0 // cannot be shown on a logarithmic axis
				}
				some = append(some, r)
			}
		}
		figures, _, err := S1(table.Shape{}, func(yield func(table.Row, error) bool) {
			for _, r := range some {
				if !yield(r, nil) {
					return
				}
			}
		})
		if err != nil || (len(figures) == 0) != (len(some) == 0) {
			t.Fatalf("%d rows made %d figures, %v", len(some), len(figures), err)
		}
		for _, f := range figures {
			if err := f.Write(new(bytes.Buffer), "svg", FullWidthCM); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRowErrorsAreReturned(t *testing.T) {
	lost := errors.New("store lost")
	if _, _, err := S1(table.Shape{}, func(yield func(table.Row, error) bool) { yield(table.Row{}, lost) }); !errors.Is(err, lost) {
		t.Errorf("error is %v", err)
	}
}

func TestSignedLogIsOdd(t *testing.T) {
	s := signedLog{largest: 2}
	for _, v := range []float64{1e-4, 1e-3, 0.3, 1} {
		if s.scale(-v) != -s.scale(v) || s.scale(v) <= 0 || s.scale(v) >= 1 || s.scale(v) >= s.scale(2*v) {
			t.Errorf("%g is at %g, its opposite at %g", v, s.scale(v), s.scale(-v))
		}
	}
	if s.scale(2) != 1 || s.scale(-2) != -1 || s.scale(0) != 0 {
		t.Error("the scale's ends are not at ±1 and 0")
	}
}

// TestTablesREADMEHasTheColumns compares sweep/table/README.md with the code.
func TestTablesREADMEHasTheColumns(t *testing.T) {
	readme, err := os.ReadFile("../table/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(columns, paperColumns) {
		if line := "| `" + c.name + "` | " + c.meaning + " |\n"; !bytes.Contains(readme, []byte(line)) {
			t.Errorf("sweep/table/README.md lacks the line\n%s", line)
		}
	}
}

// TestFiguresOfASweepShareTheirScales draws two facets whose errors differ by a factor
// of ten.
func TestFiguresOfASweepShareTheirScales(t *testing.T) {
	facetOf := func(entangler string, factor float64) *facet {
		f := &facet{name: entangler}
		for r := range example(entangler) { //nolint:errcheck // the example has no errors
			for name := range r.Measures.Errors {
				r.Measures.Errors[name] *= factor
			}
			f.add(r)
		}
		return f
	}
	all := []*facet{facetOf("chain", 1), facetOf("none", 10)}
	largest := largestDifferences(all)
	if own := largestDifferences(all[:1]); own[0] >= largest[0] || largestDifferences(all[1:]) != largest {
		t.Errorf("the largest differences are %v together, %v of the first", largest, own)
	}
	var panels []*s1Panels
	for _, f := range all {
		p, err := f.panels(largest)
		if err != nil {
			t.Fatal(err)
		}
		panels = append(panels, p)
	}
	if panels[0].againstN[0].Y.Max >= panels[1].againstN[0].Y.Max {
		t.Fatal("the example does not need shared scales")
	}
	shareScales(panels)
	for row := range s1Rows {
		for column, pair := range [][2]*plot.Plot{{panels[0].againstN[row], panels[1].againstN[row]}, {panels[0].againstT[row], panels[1].againstT[row]}} {
			a, b := pair[0].Y, pair[1].Y
			if a.Min != b.Min || a.Max != b.Max || a.Min >= a.Max {
				t.Errorf("row %d column %d: from %v to %v, and from %v to %v", row, column, a.Min, a.Max, b.Min, b.Max)
			}
		}
	}
}
