package grid

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
)

// declaration is the content of a sweep block, before the axes are combined.
type declaration struct {
	name        string
	replicates  Replicates
	untilAt     hcl.Range // of the errors that decide on replicates
	path        string    // of the recording, "" if there is none
	pathAt      hcl.Range
	fixed       []assignment
	axes        []swept
	exclusions  []hcl.Expression
	baselines   []string // in the order of sweep.Baselines
	baselinesAt hcl.Range
	scope       scope
	at          hcl.Range       // of the sweep block's head
	faulty      map[string]bool // settings whose value has an error, and "exclude"
}

// assignment is a setting with one value.
type assignment struct {
	setting sweep.Setting
	value   any
	at      hcl.Range
}

// swept is an axis and its place in the file.
type swept struct {
	Axis
	at hcl.Range
}

// declare reads a sweep block.
func declare(block *hcl.Block, s scope) (*declaration, hcl.Diagnostics) {
	d := &declaration{name: block.Labels[0], replicates: Replicates{Min: 1, Max: 1}, scope: s, at: block.DefRange, faulty: map[string]bool{}}
	var faults hcl.Diagnostics
	if !folderName.MatchString(d.name) {
		faults = append(faults, failure("Wrong name",
			fmt.Sprintf("%q names a folder: write at most 64 letters, digits, '.', '_' and '-', a letter or digit first", d.name), block.LabelRanges[0]))
	}
	inner := append(settingBlocks(), gridName, excludeName, replicatesName)
	attributes, blocks, more := attributes(block, namesIn(""), inner)
	faults = append(append(faults, more...), d.settings(attributes)...)
	faults = append(faults, d.replicatesTwice(attributes, blocks.OfType(replicatesName))...)
	for _, blockType := range inner {
		same := blocks.OfType(blockType)
		if blockType != excludeName {
			faults = append(faults, duplicates(same)...)
		}
		for _, b := range same {
			faults = append(faults, d.block(b)...)
		}
	}
	faults = append(append(faults, d.fixedAndSwept()...), d.resolvePath(block.DefRange.Filename)...)
	return d, append(faults, d.unusualValues()...)
}

var folderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const (
	gridName    = "grid"
	excludeName = "exclude"
)

// settingBlocks returns the types of the blocks for fixed settings.
func settingBlocks() []string {
	var blocks []string
	for _, s := range sweep.Settings() {
		if s.Block != "" && !slices.Contains(blocks, s.Block) {
			blocks = append(blocks, s.Block)
		}
	}
	return blocks
}

// namesIn returns the names that belong in a block; "" is the sweep block.
func namesIn(block string) []string {
	var names []string
	for _, s := range sweep.Settings() {
		if s.Block == block {
			names = append(names, s.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(notSettings)) {
		if notSettings[name] == block {
			names = append(names, name)
		}
	}
	return names
}

func settingNames() []string {
	var names []string
	for _, s := range sweep.Settings() {
		names = append(names, s.Name)
	}
	return names
}

func (d *declaration) block(block *hcl.Block) hcl.Diagnostics {
	switch block.Type {
	case gridName:
		found, _, faults := attributes(block, settingNames(), nil)
		for _, attribute := range found {
			faults = append(faults, d.sweep(attribute)...)
		}
		return faults
	case replicatesName:
		return d.adaptReplicates(block)
	case excludeName:
		found, _, faults := attributes(block, []string{"when"}, nil)
		if len(found) == 0 {
			return append(faults, failure("Missing condition", "write when = followed by a condition, such as neurons * timesteps > 200", block.DefRange))
		}
		return append(faults, d.exclude(found[0].Expr)...)
	default:
		found, _, faults := attributes(block, namesIn(block.Type), nil)
		return append(faults, d.settings(found)...)
	}
}

// settings reads the attributes of fixed settings.
func (d *declaration) settings(attributes []*hcl.Attribute) hcl.Diagnostics {
	var faults hcl.Diagnostics
	for _, attribute := range attributes {
		value, more := d.scope.evaluate(attribute.Expr)
		if faults = append(faults, more...); !value.IsWhollyKnown() {
			d.faulty[attribute.Name] = true
			continue
		}
		if fault := d.set(attribute, value); fault != nil {
			faults = append(faults, fault)
			d.faulty[attribute.Name] = true
		}
	}
	return faults
}

func (d *declaration) set(attribute *hcl.Attribute, value cty.Value) *hcl.Diagnostic {
	at := attribute.Expr.Range()
	switch attribute.Name {
	case replicatesName:
		return d.setReplicates(value, at)
	case baselinesName:
		return d.setBaselines(value, at)
	case pathName:
		text, ok := native(value).(string)
		if !ok || text == "" {
			return failure("Wrong value", "path: must be the name of a file, in quotes", at)
		}
		if err := cmp.Or(inputfile.Unexpanded(text), inputfile.NotFile(text)); err != nil {
			return failure("Wrong path", "path = "+err.Error(), at)
		}
		d.path, d.pathAt = text, attribute.Range
		return nil
	}
	setting, _ := sweep.Lookup(attribute.Name)
	v, fault := valueOf(setting, value, at)
	if fault != nil {
		if isList(value) {
			fault.Detail += "; to sweep it, move the list to the grid block"
		}
		return fault
	}
	d.fixed = append(d.fixed, assignment{setting, v, attribute.Range})
	return nil
}

// sweep reads an axis: an attribute of the grid block.
func (d *declaration) sweep(attribute *hcl.Attribute) hcl.Diagnostics {
	setting, _ := sweep.Lookup(attribute.Name)
	value, faults := d.scope.evaluate(attribute.Expr)
	if value.IsWhollyKnown() {
		axis, more := axisOf(setting, value, attribute.Expr)
		if faults = append(faults, more...); !faults.HasErrors() {
			d.axes = append(d.axes, swept{axis, attribute.Range})
			return faults
		}
	}
	d.faulty[attribute.Name] = true
	return faults
}

// exclude checks the names in a condition. It is evaluated when the axes are
// combined.
func (d *declaration) exclude(condition hcl.Expression) hcl.Diagnostics {
	s := d.scope
	s.names = settingNames()
	faults := s.check(condition)
	if faults.HasErrors() {
		d.faulty[excludeName] = true
	}
	d.exclusions = append(d.exclusions, condition)
	return faults
}

// unusualValues warns of numbers that are allowed but very likely mistakes.
func (d *declaration) unusualValues() hcl.Diagnostics {
	var warnings hcl.Diagnostics
	check := func(setting sweep.Setting, at hcl.Range, values ...any) {
		u, ok := usual[setting.Name]
		for _, value := range values {
			if ok && value != 0.0 && !u.Contains(value.(float64)) {
				warnings = append(warnings, warning("Unusual value",
					fmt.Sprintf("%s = %s: usual values are %s; %s", setting.Name, sweep.Format(value), u, u.otherwise), at))
				return
			}
		}
	}
	for _, a := range d.fixed {
		check(a.setting, a.at, a.value)
	}
	for _, axis := range d.axes {
		check(axis.Setting, axis.at, axis.Values...)
	}
	return warnings
}

// usual are the ranges outside which a number is very likely a mistake.
var usual = map[string]struct {
	sweep.Range
	otherwise string
}{
	"generator_learning_rate": {sweep.Range{Low: 1e-7, High: 1}, "a step of Adam turns each angle by about as many radians, so check the exponent"},
	"critic_learning_rate":    {sweep.Range{Low: 1e-9, High: 1}, "a step of Adam changes each weight by about as much, so check the exponent"},
	"k":                       {sweep.Range{Low: 1e-6, High: 1e4}, "the K-loss then has no weight, or nothing else has: check the exponent"},
	"penalty_weight":          {sweep.Range{Low: 1e-6, High: 1e6}, "the penalty then has no weight, or nothing else has: check the exponent"},
	"bin_ms":                  {sweep.Range{Low: 1, High: 500}, "the unit is milliseconds: check the exponent"},
	"clip_bound":              {sweep.Range{Low: 1e-6, High: 1e3}, "the critic then is constant, or not bounded at all: check the exponent"},
}

// fixedAndSwept reports settings that are both.
func (d *declaration) fixedAndSwept() hcl.Diagnostics {
	var faults hcl.Diagnostics
	for _, axis := range d.axes {
		if fixed := d.fixedAt(axis.Setting.Name); fixed != nil {
			faults = append(faults, failure("Fixed and swept",
				fmt.Sprintf("line %d fixes %s: take one of the two out", fixed.at.Start.Line, axis.Setting.Name), axis.at))
		}
	}
	return faults
}

func (d *declaration) fixedAt(name string) *assignment {
	i := slices.IndexFunc(d.fixed, func(a assignment) bool { return a.setting.Name == name })
	if i < 0 {
		return nil
	}
	return &d.fixed[i]
}

// resolvePath makes the path relative to the grid file's folder, and sets source =
// "file" if the file gives a path alone.
func (d *declaration) resolvePath(filename string) hcl.Diagnostics {
	if d.path == "" {
		return nil
	}
	if !filepath.IsAbs(d.path) {
		d.path = filepath.Join(filepath.Dir(filename), d.path)
	}
	swept := slices.ContainsFunc(d.axes, func(a swept) bool { return a.Setting.Name == "source" })
	source := d.fixedAt("source")
	switch {
	case source == nil && !swept:
		setting, _ := sweep.Lookup("source")
		d.fixed = append(d.fixed, assignment{setting, "file", d.at})
	case source != nil && source.value != "file":
		return hcl.Diagnostics{failure("Unused path", `path is read only with source = "file": take one of the two out`, source.at)}
	}
	return nil
}
