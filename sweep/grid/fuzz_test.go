package grid

import (
	"path/filepath"
	"slices"
	"testing"

	"spiqsweep/sweep"
)

func names(settings []sweep.Setting) (names []string) {
	for _, s := range settings {
		names = append(names, s.Name)
	}
	return names
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.hcl", "../examples/*.hcl", "../../sweep.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			f.Add(readFile(f, path), "100")
		}
	}
	f.Fuzz(func(t *testing.T, source []byte, steps string) {
		g, faults := parse("fuzz.hcl", source, map[string]string{"steps": steps}, 1000)
		if text := newDiagnostics(faults, source).Error(); (text == "") != (len(faults) == 0) {
			t.Errorf("%d diagnostics are rendered as %q", len(faults), text)
		}
		if faults.HasErrors() {
			return
		}
		if g.Len() == 0 || g.Replicates.Min < 1 || g.Replicates.Max < g.Replicates.Min || g.MaxRows() > 1000 {
			t.Errorf("%d configurations, replicates %+v", g.Len(), g.Replicates)
		}
		if want, got := names(g.Columns()), names(Columns(source)); !slices.Equal(got, want) {
			t.Errorf("columns of the text are %q, of the grid %q", got, want)
		}
		for _, c := range g.Configurations() {
			if err := c.Validate(); err != nil {
				t.Errorf("%s: %v", c.Label(), err)
			}
		}
	})
}
