package grid

import (
	"path/filepath"
	"testing"
)

// TestShippedFiles checks that the project's own files have no errors or warnings.
func TestShippedFiles(t *testing.T) {
	for path, want := range map[string]struct {
		name                  string
		configurations, tasks int
	}{
		"../../sweep.hcl":           {"figure-s1", 120, 360},
		"../examples/quick.hcl":     {"quick", 8, 40},
		"../examples/recording.hcl": {"recording", 24, 72},
		"../examples/readings.hcl":  {"readings", 440, 1400},
		"../examples/losses.hcl":    {"losses", 320, 1600},
		"../examples/ansatz.hcl":    {"ansatz", 52, 52},
		"../examples/objective.hcl": {"objective", 12, 60},
	} {
		g, diagnostics := Parse(filepath.Base(path), readFile(t, path), nil)
		if diagnostics.Len() > 0 {
			t.Errorf("%s: %s", path, diagnostics.Error())
			continue
		}
		if g.Name != want.name || g.Len() != want.configurations || g.Rows() != want.tasks {
			t.Errorf("%s: %s has %d configurations and %d tasks, want %+v", path, g.Name, g.Len(), g.Rows(), want)
		}
	}
}

func TestVariablesOfTheShippedFigure(t *testing.T) {
	g, diagnostics := Parse("sweep.hcl", readFile(t, "../../sweep.hcl"), map[string]string{"replicates": "2", "steps": "1500"})
	if diagnostics.Len() > 0 {
		t.Fatal(diagnostics.Error())
	}
	if g.Rows() != 240 || g.Configuration(0).Training.Steps != 1500 {
		t.Errorf("%d tasks of %d steps, want 240 of 1500", g.Rows(), g.Configuration(0).Training.Steps)
	}
}

func TestRecordingExampleNeedsAFile(t *testing.T) {
	g, _ := Parse("recording.hcl", readFile(t, "../examples/recording.hcl"), nil)
	if _, err := g.ResolveRecording(""); err == nil {
		t.Error("no error without a file")
	}
	if path, err := g.ResolveRecording("x.mat"); err != nil || path != "x.mat" {
		t.Errorf("got %q, %v", path, err)
	}
}
