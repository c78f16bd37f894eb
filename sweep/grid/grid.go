package grid

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"spiqsweep/sweep"
)

// Grid is the parsed content of a grid file.
type Grid struct {
	Name       string     // the sweep's label; a valid folder name
	Replicates Replicates // trainings of each configuration that is trained
	Axes       []Axis     // in the order written

	combinations *combinations
	kept         []int32               // the combinations that are not excluded, by number
	trained      []sweep.Configuration // the baselines that are trained
	fitted       []sweep.Configuration // the other baselines
	starts       []int32               // the first row of each configuration that is trained, then of the fitted ones; nil if all have Replicates.Min
	fromFile     bool                  // the command line gave a recording for all configurations
	recording    string                // path of the recording's file, "" if there is none
	writtenAt    func(names ...string) hcl.Range
	ofFile       string // a setting of recordings' files that the file sets, "" if there is none
	ofFileAt     string // where it does
	pathAt       string // where the file sets path, "" if it does not
}

// Len returns the number of configurations: the combinations of the axes' values,
// the trained baselines, then the fitted ones.
func (g *Grid) Len() int { return g.Trained() + len(g.fitted) }

// Trained returns the number of configurations that are trained, which come first and
// have replicates.
func (g *Grid) Trained() int { return len(g.kept) + len(g.trained) }

// Baselines returns the number of configurations that are baselines.
func (g *Grid) Baselines() int { return len(g.trained) + len(g.fitted) }

// Configuration returns the configuration at a position in grid order, with
// replicate 0.
func (g *Grid) Configuration(i int) sweep.Configuration {
	var c sweep.Configuration
	switch {
	case i < len(g.kept):
		c = g.combinations.at(int(g.kept[i]))
	case i < g.Trained():
		c = g.trained[i-len(g.kept)]
	default:
		c = g.fitted[i-g.Trained()]
	}
	if g.fromFile {
		c.Recording.Source = "file"
	}
	return c
}

// Configurations yields the configurations with their positions, in grid order.
func (g *Grid) Configurations() iter.Seq2[int, sweep.Configuration] {
	return func(yield func(int, sweep.Configuration) bool) {
		for i := range g.Len() {
			if !yield(i, g.Configuration(i)) {
				return
			}
		}
	}
}

// RecordingAt returns where the grid file gives the path that ResolveRecording
// returned, such as "sweep.hcl:4", or "" if the command line gave it.
func (g *Grid) RecordingAt() string { return g.pathAt }

// Place returns where the file sets a setting, or else where its sweep block begins, such as
// "sweep.hcl:4".
func (g *Grid) Place(setting string) string { return position(g.writtenAt(setting)) }

// Axis is a swept setting.
type Axis struct {
	Setting sweep.Setting
	Values  []any // float64, bool or string, in the order written, each once
}

// Columns returns the swept settings other than neurons, timesteps and k, which
// results.csv always has.
func (g *Grid) Columns() []sweep.Setting {
	var columns []sweep.Setting
	for _, axis := range g.Axes {
		if !slices.Contains(always, axis.Setting.Name) {
			columns = append(columns, axis.Setting)
		}
	}
	return columns
}

// StoredColumns returns those of Columns that are stored with tasks, which the preset is not.
func StoredColumns(source []byte) []sweep.Setting {
	return slices.DeleteFunc(Columns(source), func(s sweep.Setting) bool { return !s.InIdentity() })
}

// Columns returns the settings other than neurons, timesteps and k that the text
// of a grid sweeps, in the order written. It evaluates no expression and so needs
// no variables. It returns nil if the text is not a grid.
func Columns(source []byte) []sweep.Setting {
	if unparsable("", source) != nil {
		return nil
	}
	file, faults := hclsyntax.ParseConfig(source, "", hcl.InitialPos)
	if faults.HasErrors() {
		return nil
	}
	var columns []sweep.Setting
	for _, outer := range file.Body.(*hclsyntax.Body).Blocks {
		for _, inner := range outer.Body.Blocks {
			if outer.Type != "sweep" || inner.Type != "grid" {
				continue
			}
			axes := slices.SortedFunc(maps.Values(inner.Body.Attributes), func(a, b *hclsyntax.Attribute) int {
				return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte
			})
			for _, axis := range axes {
				if setting, known := sweep.Lookup(axis.Name); known && !slices.Contains(always, setting.Name) {
					columns = append(columns, setting)
				}
			}
		}
	}
	return columns
}

// always are the settings that labels and results.csv have in every sweep.
var always = []string{"neurons", "timesteps", "k"}

// ResolveRecording returns the path of the recording that the configurations train
// on, "" if all use the surrogate. A file given on the command line, unless "",
// replaces the grid's path. It also replaces the grid's source, unless the grid
// sweeps source. It is an error if the grid sets variable, and no configuration reads a file.
// Call it once.
func (g *Grid) ResolveRecording(commandLine string) (path string, err error) {
	swept := slices.ContainsFunc(g.Axes, func(a Axis) bool { return a.Setting.Name == "source" })
	g.fromFile = commandLine != "" && !swept
	needed := false
	for _, c := range g.Configurations() {
		if needed = c.Recording.Source == "file"; needed {
			break
		}
	}
	if commandLine != "" {
		g.recording, g.pathAt = commandLine, ""
	}
	switch {
	case !needed && g.ofFile != "":
		return "", fmt.Errorf("%s: %s has no effect: no configuration reads a recording's file: leave it out, or give the file with --recording, or with path next to %[2]s", g.ofFileAt, g.ofFile)
	case !needed:
		return "", nil
	case g.recording == "":
		return "", fmt.Errorf("%s: source = \"file\" names no file: give it with --recording FILE, or write path = \"…\" next to source", g.Place("source"))
	}
	return filepath.Clean(g.recording), nil
}
