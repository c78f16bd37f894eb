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

// Grid is what a grid file asks for.
type Grid struct {
	Name       string // the sweep's label; fit for a folder's name
	Replicates int    // trainings of each cell, ≥ 1
	Axes       []Axis // in the order written

	made      *combinations
	kept      []int32 // the cells' numbers among the combinations, without the excluded ones
	fromFile  bool    // the command line has given a recording, which all cells train on
	recording string  // path of the recording's file, "" if there is none
	sourceAt  string  // where the file says so, "sweep.hcl:4"
	pathAt    string  // where the file gives the path, "" if it does not
}

// Len counts the cells.
func (g *Grid) Len() int { return len(g.kept) }

// Configuration makes a cell by its position in grid order; its replicate is 0.
func (g *Grid) Configuration(i int) sweep.Configuration {
	c := g.made.at(int(g.kept[i]))
	if g.fromFile {
		c.Recording.Source = "file"
	}
	return c
}

// Cells makes the cells one by one, in grid order.
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

// Axis is a setting that takes several values in a grid.
type Axis struct {
	Setting sweep.Setting
	Values  []any // float64, bool or string, in the order written, each once
}

// Tasks counts the rows of results.csv: cells times replicates.
func (g *Grid) Tasks() int { return g.Len() * g.Replicates }

// Columns are the swept settings beside neurons, timesteps and k, which
// results.csv shows always.
func (g *Grid) Columns() []sweep.Setting {
	var columns []sweep.Setting
	for _, axis := range g.Axes {
		if !slices.Contains(always, axis.Setting.Name) {
			columns = append(columns, axis.Setting)
		}
	}
	return columns
}

// Columns returns the settings that the text of a grid sweeps beside neurons,
// timesteps and k, in the order written. It evaluates nothing and so needs no
// variables; of text that is no grid it returns none.
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

// always are the settings that labels and results.csv show in every sweep.
var always = []string{"neurons", "timesteps", "k"}

// ResolveRecording settles which file the grid's cells are trained on and
// returns its path, "" if all use the surrogate. The file given on the command
// line, unless "", replaces both path and source of the grid, but for a grid
// that sweeps source. Call it once.
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
	case !needed:
		return "", nil
	case g.recording == "":
		return "", fmt.Errorf("%s: source = \"file\" names no file: give it with --recording FILE, or write path = \"…\" beside source", g.sourceAt)
	}
	return filepath.Clean(g.recording), nil
}
