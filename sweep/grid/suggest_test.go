package grid

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"spiqsweep/sweep"
)

// TestSynonyms checks that every synonym has one meaning, stands for existing names,
// and is not a name itself.
func TestSynonyms(t *testing.T) {
	names := append(allNames(), sweep.Baselines...)
	seen := map[string]string{}
	for meaning, words := range meanings {
		for name := range strings.FieldsSeq(meaning) {
			if !slices.Contains(names, name) {
				t.Errorf("%s: there is no such setting or baseline", name)
			}
		}
		for word := range strings.FieldsSeq(words) {
			if before, twice := seen[sweep.FoldName(word)]; twice {
				t.Errorf("%s means both %s and %s", word, before, meaning)
			}
			seen[sweep.FoldName(word)] = meaning
			if slices.Contains(names, word) {
				t.Errorf("%s is a setting, and cannot mean %s", word, meaning)
			}
		}
	}
	for _, name := range names {
		if got := similar(strings.ToUpper(strings.ReplaceAll(name, "_", "-")), names); len(got) != 1 || got[0] != name {
			t.Errorf("%s in capitals means %v", name, got)
		}
	}
	for _, s := range sweep.Settings() {
		for _, value := range s.Values {
			if got := similar(strings.ToUpper(value), s.Values); value != "" && (len(got) != 1 || got[0] != value) {
				t.Errorf("%s: %s in capitals means %v", s.Name, value, got)
			}
		}
	}
}

func TestSuggestions(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{`evaluation { baselines = ["boltzmann"] }`, `or "rbm"; did you mean "rbm"?`},
		{"seeds = 5", `seeds: there is no such setting; did you mean "replicates"?`},
		{"grid {\nseeds = [1, 2]\n}", `did you mean "replicates" in the sweep block?`},
		{"grid {\nK = [0, 1]\n}", `K: there is no such setting; did you mean "k"?`},
		{"K = 1", `did you mean "k"?`},
		{"grid {\nn = [2]\nt = [1]\n}", `t: there is no such setting; did you mean "timesteps"?`},
		{"learning_rate = 0.1", `did you mean "generator_learning_rate" in the training block or "critic_learning_rate" in the training block?`},
		{"training {\nlr = 0.1\n}", `did you mean "generator_learning_rate" or "critic_learning_rate"?`},
		{"training {\nepochs = 5\n}", `did you mean "steps"?`},
		{"circuit {\niterations = 5\n}", `did you mean "steps" in the training block?`},
		{"circuit {\ndepth = 5\n}", `did you mean "layers"?`},
		{"training {\nbatchsize = 5\n}", `did you mean "batch_size"?`},
		{"training {\nBatch-Size = 5\n}", `did you mean "batch_size"?`},
		{"training {\nstesp = 5\n}", `did you mean "steps"?`},
		{"steps = 5", "steps belongs in the training block: move it there"},
		{"training {\nreplicates = 5\n}", "replicates belongs in the sweep block: move it there"},
		{"grid {\nreplicates = [5]\n}", "replicates belongs in the sweep block: move it there"},
		{"grid = 5", "grid is a block: write grid { … } without ="},
		{"traning {\nsteps = 5\n}", `traning: there is no such block; did you mean "training"?`},
		{"Training {\nsteps = 5\n}", `did you mean "training"?`},
		{"nonsense {\n}", "nonsense: there is no such block; the sweep block has circuit, evaluation, exclude, grid, recording, replicates, training"},
		{"steps {\n}", "steps is a setting: write steps = VALUE in the training block, or steps = [VALUES] in the grid block"},
		{"}\nseed = 1\nsweep \"y\" {", "seed belongs in the sweep block: move it there"},
		{"}\nsteps = 1\nsweep \"y\" {", "steps belongs in the training block of the sweep block: move it there"},
		{"}\ngrid {\n}\nsweep \"y\" {", "grid belongs in the sweep block: move it there"},
		{"}\nnonsense = 1\nsweep \"y\" {", `nonsense: only the blocks sweep "NAME" { … } and variable "NAME" { … } stand here`},
		{"variable \"x\" {\n}", `variable blocks stand outside the sweep block: move it above`},
		{"training {\ngrid {\n}\n}", "grid belongs in the sweep block: move it there"},
		{"circuit {\nentangler = \"Chain\"\n}", `did you mean "chain"?`},
	} {
		_, faults := Parse("x.hcl", []byte(fmt.Sprintf("sweep \"x\" {\n%s\n}\n", test.source)), nil)
		if !strings.Contains(faults.Error(), test.want) {
			t.Errorf("%s:\n%s, want %s", test.source, faults.Error(), test.want)
		}
	}
	if _, err := ReadFilter(map[string]string{"K": "1"}); err == nil || !strings.Contains(err.Error(), `did you mean "k"?`) {
		t.Errorf("--config K=1: %v", err)
	}
}

// TestManyDiagnostics checks that the rendered diagnostics are bounded.
func TestManyDiagnostics(t *testing.T) {
	_, faults := Parse("x.hcl", []byte("sweep \"x\" {\n"+strings.Repeat("grid {\nk = 1\n}\n", 100)+"}\n"), nil)
	text := faults.Error()
	if shown := strings.Count(text, "Error: "); shown != maxShown || !strings.HasSuffix(text, fmt.Sprintf("\nand %d more: remedy these first\n", faults.Len()-maxShown)) {
		t.Errorf("%d of %d are shown:\n%s", shown, faults.Len(), text)
	}
}

// TestUnusualValues checks the errors and warnings for extreme numbers.
func TestUnusualValues(t *testing.T) {
	for _, test := range []struct {
		line    string
		usable  bool
		message string
	}{
		{"training {\ngenerator_learning_rate = 0.05\n}", true, ""},
		{"training {\ngenerator_learning_rate = 1e30\n}", true, "generator_learning_rate = 1e+30: usual values are from 1e-07 to 1; a step of Adam turns each angle"},
		{"training {\ngenerator_learning_rate = 1e300\n}", false, "generator_learning_rate = 1e+300: must be a number from 1e-37 to 1e+37"},
		{"training {\ncritic_learning_rate = 1e-300\n}", false, "must be a number from"},
		{"grid {\nk = [0, 1e30]\n}", true, "k = 1e+30: usual values are"},
		{"k = 0", true, ""},
		{"k = 1e300", false, "must be a number from 0 to 1e+37"},
		{"training {\npenalty_weight = 1e300\n}", false, "must be a number from 0 to 1e+37"},
		{"training {\nconstraint = \"clip\"\nclip_bound = 100000\n}", true, "clip_bound = 100000: usual values are"},
	} {
		g, faults := Parse("x.hcl", []byte("sweep \"x\" {\n"+test.line+"\n}\n"), nil)
		if (g != nil) != test.usable || (faults.Len() == 0) != (test.message == "") || !strings.Contains(faults.Error(), test.message) {
			t.Errorf("%s: %s", test.line, faults.Error())
		}
	}
	for _, s := range sweep.Settings() {
		if kind := s.Kind(); kind != sweep.Whole && kind != sweep.Real {
			continue
		}
		for _, value := range []float64{1e300, -1e300} {
			if s.Check(value) == nil {
				t.Errorf("%s may be %g", s.Name, value)
			}
		}
	}
}

// TestPaths checks that a path that only a shell can expand is reported with its line.
func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		"~/x.npy":        "path = ~/x.npy: only a shell replaces ~",
		"$HOME/x.npy":    "path = $HOME/x.npy: the environment variable $HOME is not replaced here",
		"file:///x.npy":  "this is a URL: write the path alone, /x.npy",
		"s3://a/x.npy":   "path = s3://a/x.npy: a URL is not fetched",
		"data/x.npy":     "",
		"/data/~/$x.npy": "",
	} {
		g, faults := Parse("folder/x.hcl", []byte("sweep \"x\" {\nrecording {\npath = \""+path+"\"\n}\n}\n"), nil)
		if want != "" {
			if g != nil || !strings.Contains(faults.Error(), want) || !strings.Contains(faults.Error(), "x.hcl:3:8") {
				t.Errorf("%s: %s", path, faults.Error())
			}
			continue
		}
		if g == nil {
			t.Errorf("%s: %s", path, faults.Error())
		} else if _, err := g.ResolveRecording(""); err != nil || g.RecordingAt() != "folder/x.hcl:3" {
			t.Errorf("%s: %v, at %q", path, err, g.RecordingAt())
		}
	}
}
