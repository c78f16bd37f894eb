package grid

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// Starter is a commented grid file for a first sweep.
type Starter struct {
	Name string // of the sweep
	File string // the path of the grid file, for the commands in its comments
	// Recording is the path of the recording, relative to the grid file's folder; "" is the
	// surrogate.
	Recording string
	Variable  string // of the recording's file; "" is the only one
	Clip      bool   // the recording has counts above 1
	// Neurons and Bins are those of a repeat of the recording: no axis goes beyond them.
	Neurons, Bins int
}

// The axes of a Starter, as far as the recording allows: few and small, so that a first run
// takes about a minute.
var (
	starterNeurons   = []float64{2, 4}
	starterTimesteps = []float64{1, 2}
	starterK         = []float64{0, 1}
)

// starterSteps is the number of generator updates of a Starter.
const starterSteps = 500.0

// IsName reports whether a text may be the name of a sweep.
func IsName(text string) bool { return folderName.MatchString(text) }

// Write returns the text of the grid file. Every setting in it has its meaning and its
// allowed values above it, as `coordinator settings` prints them.
func (s Starter) Write() []byte {
	var w starterWriter
	w.comment("A sweep: every combination of the lists in the block grid is trained.")
	w.comment("")
	for _, command := range [][2]string{
		{"coordinator plan --grid " + s.File, "what it would train, and for how long"},
		{"coordinator --grid " + s.File, "run it, or resume it"},
		{"coordinator settings", "every setting, and all presets"},
	} {
		w.comment(fmt.Sprintf("  %-*s # %s", len("coordinator plan --grid ")+len(s.File), command[0], command[1]))
	}
	fmt.Fprintf(&w, "\nsweep %s {\n", literal(s.Name))
	w.setting("seed", 1.0)
	w.extra(replicatesName)
	w.comment("Intervals over trainings need three or more; a verdict on the K-loss in one configuration needs six.")
	w.assign(replicatesName, "3")

	w.open("recording")
	if s.Recording == "" {
		w.setting("source", "surrogate")
	} else {
		w.extra(pathName)
		w.assign(pathName, literal(s.Recording))
	}
	if s.Variable != "" {
		w.setting("variable", s.Variable)
	}
	if s.Clip {
		w.setting("clip", true)
	}
	w.setting("select", "most_active")
	w.unused("holdout", 0.2)
	w.close()

	w.open(gridName)
	w.comment("Each list is an axis. Any setting may be one.")
	w.axis("neurons", within(starterNeurons, s.Neurons))
	w.axis("timesteps", within(starterTimesteps, s.Bins))
	w.axis("k", starterK)
	w.unused("entangler", "chain", "none")
	w.unused("preset", "paper", "population")
	w.close()

	w.open("training")
	w.describe("steps")
	w.comment("Few, for a short first run: take the line out for results to report.")
	w.assign("steps", sweep.Format(starterSteps))
	w.unused("generator_learning_rate", nil)
	w.unused("batch_size", nil)
	w.close()

	w.open("evaluation")
	w.comment("Models that need no training, to compare with.")
	w.assign(baselinesName, `["independent", "pairwise"]`)
	w.close()
	w.WriteString("}\n")
	return hclwrite.Format(w.Bytes())
}

// within returns the values up to a limit, or the limit if all are above it; 0 is no limit.
func within(values []float64, limit int) []float64 {
	if limit == 0 {
		return values
	}
	kept := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return v > float64(limit) })
	if len(kept) == 0 {
		return []float64{float64(limit)}
	}
	return kept
}

// starterWriter writes lines of a grid file, which hclwrite.Format indents.
type starterWriter struct{ bytes.Buffer }

// starterColumns is the longest text of a comment, which hclwrite.Format indents.
const starterColumns = 84

// comment writes comment lines with a text, which begins a new line between two words
// rather than become too long.
func (w *starterWriter) comment(text string) {
	line := "#"
	for i, word := range strings.Split(text, " ") {
		if i > 0 && utf8.RuneCountInString(line+" "+word) > starterColumns {
			w.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	w.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (w *starterWriter) assign(name, value string) { fmt.Fprintf(w, "%s = %s\n", name, value) }
func (w *starterWriter) open(block string)         { fmt.Fprintf(w, "\n%s {\n", block) }
func (w *starterWriter) close()                    { w.WriteString("}\n") }

// describe writes what a setting means and what it may be.
func (w *starterWriter) describe(name string) sweep.Setting {
	s, known := sweep.Lookup(name)
	if !known {
		panic(fmt.Sprintf("grid: there is no setting %q", name))
	}
	w.comment(fmt.Sprintf("%s (%s; default %s)", s.Doc, s.Allowed(), sweep.Format(s.Default)))
	return s
}

// setting writes a setting with a value.
func (w *starterWriter) setting(name string, value any) {
	w.describe(name)
	if text, ok := value.(string); ok {
		w.assign(name, literal(text))
		return
	}
	w.assign(name, sweep.Format(value))
}

// axis writes a setting as an axis.
func (w *starterWriter) axis(name string, values []float64) {
	w.describe(name)
	var texts []string
	for _, v := range values {
		texts = append(texts, sweep.Format(v))
	}
	w.assign(name, "["+strings.Join(texts, ", ")+"]")
}

// unused writes a setting as a comment: with a value, with several as an axis, or, for nil,
// with its default.
func (w *starterWriter) unused(name string, values ...any) {
	s := w.describe(name)
	var texts []string
	for _, v := range values {
		if v == nil {
			v = s.Default
		}
		texts = append(texts, sweep.Format(v))
	}
	value := texts[0]
	if len(texts) > 1 {
		value = "[" + strings.Join(texts, ", ") + "]"
	}
	w.comment(name + " = " + value)
}

// extra writes the meaning of a name that is not a setting.
func (w *starterWriter) extra(name string) {
	for _, e := range Extras() {
		if e.Name == name {
			w.comment(e.Doc)
		}
	}
}

// literal writes a text as a literal of a grid file.
func literal(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}
