package grid

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"spiqsweep/sweep"
)

// maxTasks bounds a grid, so that a typing mistake does not fill the memory.
const maxTasks = 1_000_000

// expand combines the axes, removes the excluded combinations, and reports faults
// of several settings together. It ignores settings that already have a fault.
func (d *declaration) expand(limit int) (*Grid, hcl.Diagnostics) {
	tasks := float64(d.replicates.Max)
	for _, model := range d.baselines {
		if (sweep.Configuration{Model: model}).IsFitted() {
			tasks++
		} else {
			tasks += float64(d.replicates.Max)
		}
	}
	for _, axis := range d.axes {
		tasks *= float64(len(axis.Values))
	}
	if tasks > float64(limit) {
		return nil, hcl.Diagnostics{failure("Too large",
			fmt.Sprintf("this grid has %s tasks (%s): must be at most %d", sweep.Format(tasks), d.factors(), limit), d.at)}
	}
	if d.exclusionsFaulty() {
		return nil, nil // the configurations are unknown
	}
	all := d.combinations()
	kept, faults := d.notExcluded(all)
	if faults.HasErrors() {
		return nil, faults
	}
	if len(kept) == 0 {
		return nil, hcl.Diagnostics{failure("Nothing left", "every configuration of the grid is excluded: narrow the condition", d.exclusions[0].Range())}
	}
	g := d.grid(all, kept)
	faults = append(faults, d.conflicts(g)...)
	faults = append(faults, d.unread(g)...)
	faults = append(faults, d.undefined(g)...)
	return g, append(faults, d.addBaselines(g)...)
}

// exclusionsFaulty reports whether a condition, or a setting in it, has a fault.
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

// factors formats the size of the grid as a product: "5 neurons × 2 k × 3 replicates".
func (d *declaration) factors() string {
	var factors []string
	for _, axis := range d.axes {
		factors = append(factors, fmt.Sprintf("%d %s", len(axis.Values), axis.Setting.Name))
	}
	last := fmt.Sprintf("%d replicates", d.replicates.Max)
	if d.replicates.IsAdaptive() {
		last = "up to " + last
	}
	if len(d.baselines) > 0 {
		last = fmt.Sprintf("(%s + %d baselines)", last, len(d.baselines))
	}
	return strings.Join(append(factors, last), " × ")
}

// conflicts reports settings that conflict with each other: each set of settings
// once, with the reason in its first configuration.
func (d *declaration) conflicts(g *Grid) hcl.Diagnostics {
	type found struct {
		sweep.Conflict
		configurations int
	}
	var all []*found
	for _, c := range g.Configurations() {
		for _, conflict := range c.Conflicts() {
			i := slices.IndexFunc(all, func(f *found) bool { return slices.Equal(f.Settings, conflict.Settings) })
			if i < 0 {
				all = append(all, &found{conflict, 1})
				continue
			}
			all[i].configurations++
		}
	}
	var faults hcl.Diagnostics
	for _, f := range all {
		if slices.ContainsFunc(f.Settings, func(name string) bool { return d.faulty[name] }) {
			continue
		}
		detail := f.Reason
		if f.configurations > 1 {
			detail += fmt.Sprintf(" (in %d configurations)", f.configurations)
		}
		faults = append(faults, failure("Settings in conflict", detail, d.writtenAt(f.Settings...)))
	}
	return faults
}

// unread reports settings that no configuration reads: a fixed one is a warning, an
// axis an error, because all its values would be one task. An axis that only some
// configurations read is allowed: the others share tasks.
func (d *declaration) unread(g *Grid) hcl.Diagnostics {
	if len(d.faulty) > 0 {
		return nil // a corrected value may make another setting be read
	}
	var faults hcl.Diagnostics
	read := func(s sweep.Setting) bool {
		for _, c := range g.Configurations() {
			if s.ReadBy(c) {
				return true
			}
		}
		return false
	}
	detail := func(s sweep.Setting, remedy string) string {
		return fmt.Sprintf("%s is read only where %s, and no configuration meets that: %s", s.Name, s.When, remedy)
	}
	for _, a := range d.fixed {
		if !read(a.setting) {
			faults = append(faults, warning("Setting without effect", detail(a.setting, "it changes nothing"), a.at))
		}
	}
	for _, axis := range d.axes {
		if !read(axis.Setting) {
			faults = append(faults, failure("Axis without effect", detail(axis.Setting, "take it out"), axis.at))
		}
	}
	return faults
}

// combinations computes configurations by their number in grid order, the first
// axis outermost. It does not hold them, because a million would fill the memory.
type combinations struct {
	axes       []swept
	count      int
	presetAxis int                            // the axis that sweeps the preset, −1 if there is none
	preset     string                         // without such an axis
	starts     map[string]sweep.Configuration // by preset: the configuration before the axes' values are set
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

// at returns the configuration of a number. The digits of the number are the
// positions of the axes' values, with the last axis as the lowest digit.
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

// digits numbers the combinations of a subset of the axes.
type digits struct {
	axes  []swept
	read  []bool // by axis: whether it is in the subset
	count int
}

// readOf returns the digits that determine the values of some settings. A preset
// determines any of them.
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

// of returns the number, among those of the subset, of a combination of all axes.
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

// start returns the defaults, overridden by a preset and then by the fixed settings.
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

// put sets a value that was checked when it was read, and panics if it is invalid.
func put(c *sweep.Configuration, setting sweep.Setting, value any) {
	if err := setting.Set(c, value); err != nil {
		panic("grid: a value that was not checked: " + err.Error())
	}
}

// grid returns the Grid of a valid declaration.
func (d *declaration) grid(all *combinations, kept []int32) *Grid {
	g := &Grid{Name: d.name, Replicates: d.replicates, combinations: all, kept: kept, recording: d.path, writtenAt: d.writtenAt}
	if d.path != "" {
		g.pathAt = position(d.pathAt)
	}
	if name, at := d.firstOfFile(); name != "" {
		g.ofFile, g.ofFileAt = name, position(at)
	}
	for _, axis := range d.axes {
		g.Axes = append(g.Axes, axis.Axis)
	}
	return g
}

func position(at hcl.Range) string { return fmt.Sprintf("%s:%d", at.Filename, at.Start.Line) }

// ofFile are the settings that say how a recording's file is read. bin_ms is another, which
// the surrogate's bins are compared with.
var ofFile = []string{"variable", "axes", "clip", "duration_s"}

// firstOfFile returns the first of the settings ofFile that the file sweeps or sets to another
// value than the default, and its place, or "".
func (d *declaration) firstOfFile() (name string, at hcl.Range) {
	visit := func(setting string, place hcl.Range) {
		if slices.Contains(ofFile, setting) && (name == "" || place.Start.Byte < at.Start.Byte) {
			name, at = setting, place
		}
	}
	for _, a := range d.fixed {
		if a.value != a.setting.Default {
			visit(a.setting.Name, a.at)
		}
	}
	for _, axis := range d.axes {
		visit(axis.Setting.Name, axis.at)
	}
	return name, at
}

// writtenAt returns the place of the last of the named settings in the file, or of
// the sweep block's head if the file has none of them.
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
