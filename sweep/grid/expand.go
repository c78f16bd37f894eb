package grid

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"spiqsweep/sweep"
)

// maxTasks bounds a grid, so that a slip of the pen does not fill the memory.
const maxTasks = 1_000_000

// expand makes all combinations, less the excluded ones, and gathers the faults
// that only show there. Settings at fault already are left out of them.
func (d *declaration) expand(limit int) (*Grid, hcl.Diagnostics) {
	cells := 1.0
	for _, axis := range d.axes {
		cells *= float64(len(axis.Values))
	}
	if tasks := cells * float64(d.replicates); tasks > float64(limit) {
		return nil, hcl.Diagnostics{failure("Too large",
			fmt.Sprintf("this grid has %s tasks (%s): must be at most %d", sweep.Format(tasks), d.factors(), limit), d.at)}
	}
	if d.exclusionsFaulty() {
		return nil, nil // which cells there are is not known
	}
	kept, faults := d.without(d.combinations())
	if faults.HasErrors() {
		return nil, faults
	}
	if len(kept) == 0 {
		return nil, hcl.Diagnostics{failure("Nothing left", "all cells of the grid are excluded", d.exclusions[0].Range())}
	}
	faults = append(faults, d.conflicts(kept)...)
	return d.grid(kept), append(faults, d.unread(kept)...)
}

// exclusionsFaulty says whether a condition is wrong, or refers to what is.
func (d *declaration) exclusionsFaulty() bool {
	for _, condition := range d.exclusions {
		for _, setting := range settingsIn(condition) {
			if d.faulty[setting.Name] {
				return true
			}
		}
	}
	return d.faulty[excludeName]
}

// factors writes the size of the grid as a product: "5 neurons × 2 k × 3 replicates".
func (d *declaration) factors() string {
	var factors []string
	for _, axis := range d.axes {
		factors = append(factors, fmt.Sprintf("%d %s", len(axis.Values), axis.Setting.Name))
	}
	return strings.Join(append(factors, fmt.Sprintf("%d replicates", d.replicates)), " × ")
}

// combinations returns all cells in grid order, the first axis outermost.
func (d *declaration) combinations() []sweep.Configuration {
	count := 1
	for _, axis := range d.axes {
		count *= len(axis.Values)
	}
	cells := make([]sweep.Configuration, count)
	starts := map[string]sweep.Configuration{}
	for i := range cells {
		choice := d.choice(i)
		preset := d.presetOf(choice)
		if _, ok := starts[preset]; !ok {
			starts[preset] = d.start(preset)
		}
		cells[i] = starts[preset]
		for a, axis := range d.axes {
			put(&cells[i], axis.Setting, choice[a])
		}
	}
	return cells
}

// choice returns each axis's value in cell i: its digits, the last axis's the lowest.
func (d *declaration) choice(i int) []any {
	values := make([]any, len(d.axes))
	for a := len(d.axes) - 1; a >= 0; a-- {
		n := len(d.axes[a].Values)
		values[a] = d.axes[a].Values[i%n]
		i /= n
	}
	return values
}

func (d *declaration) presetOf(choice []any) string {
	for a, axis := range d.axes {
		if axis.Setting.Name == presetName {
			return choice[a].(string)
		}
	}
	if fixed := d.fixedAt(presetName); fixed != nil {
		return fixed.value.(string)
	}
	return ""
}

const presetName = "preset"

// start returns the defaults, changed by a preset, changed by the fixed settings.
func (d *declaration) start(preset string) sweep.Configuration {
	c := sweep.Default()
	for _, p := range sweep.Presets() {
		if p.Name != preset {
			continue
		}
		if err := p.Apply(&c); err != nil {
			panic("grid: " + err.Error()) // the presets are part of the program
		}
	}
	for _, a := range d.fixed {
		put(&c, a.setting, a.value)
	}
	return c
}

// put sets a value that was checked when it was read.
func put(c *sweep.Configuration, setting sweep.Setting, value any) {
	if err := setting.Set(c, value); err != nil {
		panic("grid: a value that was not checked: " + err.Error())
	}
}

// grid gathers what a usable declaration says.
func (d *declaration) grid(cells []sweep.Configuration) *Grid {
	g := &Grid{Name: d.name, Replicates: d.replicates, Cells: cells, recording: d.path, sourceAt: position(d.writtenAt("source"))}
	for _, axis := range d.axes {
		g.Axes = append(g.Axes, axis.Axis)
	}
	return g
}

func position(at hcl.Range) string { return fmt.Sprintf("%s:%d", at.Filename, at.Start.Line) }

// writtenAt is where the file gives a setting, the sweep block's head if nowhere.
func (d *declaration) writtenAt(names ...string) hcl.Range {
	last := d.at
	visit := func(name string, at hcl.Range) {
		if slices.Contains(names, name) && (last == d.at || at.Start.Byte > last.Start.Byte) {
			last = at
		}
	}
	for _, a := range d.fixed {
		visit(a.setting.Name, a.at)
	}
	for _, axis := range d.axes {
		visit(axis.Setting.Name, axis.at)
	}
	return last
}
