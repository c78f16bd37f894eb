package grid

import (
	"regexp"
	"strings"
	"testing"

	"spiqsweep/sweep"
)

// TestStarter checks that the grid is valid without warnings, also with every setting that
// it has as a comment, and that it keeps to the recording.
func TestStarter(t *testing.T) {
	for name, test := range map[string]struct {
		starter        Starter
		configurations int
		source, path   string
		neurons        int // of the last configuration that is trained
	}{
		"surrogate":           {Starter{Name: "first", File: "first.hcl"}, 8 + 8, "surrogate", "", 4},
		"recording":           {Starter{Name: "own", File: "own.hcl", Recording: `a "${odd}" %{name}.npy`, Neurons: 60, Bins: 900}, 16, "file", `a "${odd}" %{name}.npy`, 4},
		"three neurons":       {Starter{Name: "s", File: "s.hcl", Recording: "x.npz", Variable: `sp${i}kes`, Clip: true, Neurons: 3, Bins: 900}, 4 + 4, "file", "x.npz", 2},
		"one neuron, one bin": {Starter{Name: "s", File: "s.hcl", Recording: "x.npy", Neurons: 1, Bins: 1}, 2 + 2, "file", "x.npy", 1},
	} {
		text := test.starter.Write()
		g, diagnostics := Parse("starter.hcl", text, nil)
		if diagnostics.Len() > 0 {
			t.Errorf("%s: %s\n%s", name, diagnostics.Error(), text)
			continue
		}
		path, err := g.ResolveRecording("")
		if err != nil || path != test.path || g.Configuration(0).Recording.Source != test.source || g.Name != test.starter.Name {
			t.Errorf("%s: sweep %q on %q of source %q, error %v", name, g.Name, path, g.Configuration(0).Recording.Source, err)
		}
		if got := g.Configuration(0).Recording; got.Clip != test.starter.Clip || got.Variable != test.starter.Variable {
			t.Errorf("%s: clip = %v, variable = %q", name, got.Clip, got.Variable)
		}
		trained := g.Len() - g.Baselines()
		if last := g.Configuration(trained - 1); g.Len() != test.configurations || last.Neurons != test.neurons || last.Training.Steps != starterSteps || g.Replicates.Min != 3 {
			t.Errorf("%s: %d configurations, want %d; the last trained one is %+v", name, g.Len(), test.configurations, last)
		}
	}
}

// TestStarterCommentsAreSettings checks that each assignment in a comment is valid where it
// stands, and that each setting has its meaning above it.
func TestStarterCommentsAreSettings(t *testing.T) {
	text := string(Starter{Name: "first", File: "first.hcl"}.Write())
	assignment := regexp.MustCompile(`(?m)^( *)# (\w+ = .*)$`)
	if n := len(assignment.FindAllString(text, -1)); n < 4 {
		t.Fatalf("%d settings in comments:\n%s", n, text)
	}
	whole := assignment.ReplaceAllString(text, "$1$2")
	if _, diagnostics := Parse("starter.hcl", []byte(whole), nil); diagnostics.Len() > 0 {
		t.Errorf("with the comments: %s\n%s", diagnostics.Error(), whole)
	}
	oneLine := regexp.MustCompile(`\n *# `).ReplaceAllString(text, " ")
	for _, s := range sweep.Settings() {
		if regexp.MustCompile(`(?m)^\s*(# )?`+s.Name+` +=`).MatchString(text) && !strings.Contains(oneLine, s.Doc+" ("+s.Allowed()) {
			t.Errorf("%s is without its meaning:\n%s", s.Name, text)
		}
	}
}
