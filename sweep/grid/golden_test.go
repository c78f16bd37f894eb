package grid

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
)

// TestFaults checks the diagnostics of each file in testdata/faults.
func TestFaults(t *testing.T) {
	for _, path := range files(t, "testdata/faults") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			source := readFile(t, path)
			g, diagnostics := Parse(filepath.Base(path), source, varsOf(source))
			if !diagnostics.HasErrors() || g != nil {
				t.Errorf("the file was accepted: %v", g)
			}
			golden.Compare(t, goldenOf(path), diagnostics.Error())
		})
	}
}

// TestGrids checks the configurations of each file in testdata/grids.
func TestGrids(t *testing.T) {
	for _, path := range files(t, "testdata/grids") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			source := readFile(t, path)
			g, diagnostics := Parse(filepath.Base(path), source, varsOf(source))
			if diagnostics.Len() > 0 {
				t.Fatal(diagnostics.Error())
			}
			golden.Compare(t, goldenOf(path), describeGrid(g))
		})
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.hcl"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	return paths
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// varsOf reads the comments "# --var NAME=VALUE" of a test file.
func varsOf(source []byte) map[string]string {
	vars := map[string]string{}
	for line := range bytes.Lines(source) {
		if assignment, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "# --var "); ok {
			name, value, _ := strings.Cut(assignment, "=")
			vars[name] = value
		}
	}
	return vars
}

// describeGrid lists the configurations of a grid by their differences from the
// defaults.
func describeGrid(g *Grid) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d configurations, %d tasks, columns", g.Name, g.Len(), g.Rows())
	for _, column := range g.Columns() {
		fmt.Fprintf(&b, " %s", column.Name)
	}
	b.WriteString("\n")
	for _, c := range g.Configurations() {
		for _, s := range sweep.Settings() {
			if v := s.Value(c); v != s.Default {
				fmt.Fprintf(&b, " %s=%s", s.Name, sweep.Format(v))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func goldenOf(path string) string { return strings.TrimSuffix(path, ".hcl") + ".golden" }
