package grid

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"spiqsweep/sweep"
)

// conflicts names settings that cannot work together: each combination of
// settings once, with its first cell.
func (d *declaration) conflicts(g *Grid) hcl.Diagnostics {
	type found struct {
		sweep.Conflict
		cells int
	}
	var all []*found
	for _, c := range g.Configurations() {
		for _, conflict := range c.Conflicts() {
			i := slices.IndexFunc(all, func(f *found) bool { return slices.Equal(f.Settings, conflict.Settings) })
			if i < 0 {
				all = append(all, &found{conflict, 1})
				continue
			}
			all[i].cells++
		}
	}
	var faults hcl.Diagnostics
	for _, f := range all {
		if slices.ContainsFunc(f.Settings, func(name string) bool { return d.faulty[name] }) {
			continue
		}
		detail := f.Reason
		if f.cells > 1 {
			detail += fmt.Sprintf(" (and so in %d cells)", f.cells)
		}
		faults = append(faults, failure("Settings in conflict", detail, d.writtenAt(f.Settings...)))
	}
	return faults
}

// unread names settings that are given but that no cell reads: a warning if
// fixed; an error if swept, since all cells along the axis would be one task.
// Cells that only partly read an axis are welcome: they share tasks.
func (d *declaration) unread(g *Grid) hcl.Diagnostics {
	if len(d.faulty) > 0 {
		return nil // what is at fault may be what lets another setting be read
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
	detail := func(s sweep.Setting, mend string) string {
		return strings.Join([]string{s.Name, "is read only where", s.When + ", which is no cell:", mend}, " ")
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
