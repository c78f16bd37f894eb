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
	made := d.combinations()
	kept, faults := d.without(made)
	if faults.HasErrors() {
		return nil, faults
	}
	if len(kept) == 0 {
		return nil, hcl.Diagnostics{failure("Nothing left", "every configuration of the grid is excluded: narrow the condition", d.exclusions[0].Range())}
	}
	g := d.grid(made, kept)
	faults = append(faults, d.conflicts(g)...)
	return g, append(faults, d.unread(g)...)
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

// combinations makes cells by their number in grid order, the first axis
// outermost. They are made when they are asked for: a million of them would fill
// the memory.
type combinations struct {
	axes       []swept
	count      int
	presetAxis int                            // the axis that sweeps the preset; −1: none does
	preset     string                         // where none does
	starts     map[string]sweep.Configuration // by preset: what the axes' values are put into
}

func (d *declaration) combinations() *combinations {
	m := &combinations{axes: d.axes, count: 1, presetAxis: -1, starts: map[string]sweep.Configuration{}}
	if fixed := d.fixedAt(presetName); fixed != nil {
		m.preset = fixed.value.(string)
	}
	m.starts[m.preset] = d.start(m.preset)
	for a, axis := range d.axes {
		m.count *= len(axis.Values)
		if axis.Setting.Name == presetName {
			m.presetAxis = a
			for _, preset := range axis.Values {
				m.starts[preset.(string)] = d.start(preset.(string))
			}
		}
	}
	return m
}

// at makes the cell of a number, whose digits choose the axes' values: the last
// axis's is the lowest.
func (m *combinations) at(number int) sweep.Configuration {
	chosen := make([]any, len(m.axes))
	for a := len(m.axes) - 1; a >= 0; a-- {
		n := len(m.axes[a].Values)
		chosen[a] = m.axes[a].Values[number%n]
		number /= n
	}
	preset := m.preset
	if m.presetAxis >= 0 {
		preset = chosen[m.presetAxis].(string)
	}
	c := m.starts[preset]
	for a, axis := range m.axes {
		put(&c, axis.Setting, chosen[a])
	}
	return c
}

// digits numbers the combinations of some of the axes.
type digits struct {
	axes  []swept
	read  []bool // by axis
	count int
}

// readOf returns the digits on which the values of some settings depend. A
// preset decides settings of its own.
func (m *combinations) readOf(settings []sweep.Setting) digits {
	d := digits{axes: m.axes, read: make([]bool, len(m.axes)), count: 1}
	for a, axis := range m.axes {
		d.read[a] = a == m.presetAxis || slices.ContainsFunc(settings, func(s sweep.Setting) bool { return s.Name == axis.Setting.Name })
		if d.read[a] {
			d.count *= len(axis.Values)
		}
	}
	return d
}

// of returns the number that a cell shares with those of equal digits.
func (d digits) of(number int) int {
	shared, place := 0, 1
	for a := len(d.axes) - 1; a >= 0; a-- {
		n := len(d.axes[a].Values)
		if d.read[a] {
			shared += number % n * place
			place *= n
		}
		number /= n
	}
	return shared
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
func (d *declaration) grid(made *combinations, kept []int32) *Grid {
	g := &Grid{Name: d.name, Replicates: d.replicates, made: made, kept: kept, recording: d.path, sourceAt: position(d.writtenAt("source"))}
	if d.path != "" {
		g.pathAt = position(d.pathAt)
	}
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
