package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// stored returns filters that select the same configurations of a sweep by settings that are stored
// with its tasks. Others, such as the preset, have values only in the grid.
func (p Place) stored(ctx context.Context, q sweepQueue, s queue.Sweep, filters []sweep.ConfigurationFilter) ([]sweep.ConfigurationFilter, error) {
	isStored := func(f sweep.ConfigurationFilter) bool { return len(outside(f)) == 0 }
	if !slices.ContainsFunc(filters, func(f sweep.ConfigurationFilter) bool { return !isStored(f) }) {
		return filters, nil
	}
	labels, err := p.labeller(ctx, q, s)
	if err != nil {
		return nil, err
	}
	varying := labels.varying()
	var found []sweep.ConfigurationFilter
	for _, filter := range filters {
		if isStored(filter) {
			found = append(found, filter)
			continue
		}
		before := len(found)
		for _, c := range labels.all {
			if filter.Has(c.Configuration) {
				found = append(found, only(c.Configuration, varying))
			}
		}
		switch {
		case !labels.resolved:
			return nil, folder.BadInput("%s cannot be selected here: it is not stored with the tasks, and the grid of sweep %s needs its variables: select by other settings", strings.Join(outside(filter), " and "), s.Name)
		case len(found) == before:
			return nil, noConfiguration(s, filter)
		}
	}
	return found, nil
}

// noConfiguration is the error for a filter that selects nothing.
func noConfiguration(s queue.Sweep, f sweep.ConfigurationFilter) error {
	return folder.BadInput("no configuration of sweep %s has %s: `coordinator status` lists them", s.Name, f)
}

// outside lists the settings of a filter that no task has.
func outside(f sweep.ConfigurationFilter) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if setting, known := sweep.Lookup(name); known && !setting.InIdentity() {
			names = append(names, name)
		}
	}
	return names
}

// varying lists the stored settings in which some configurations of the sweep differ.
func (l labeller) varying() (names []string) {
	differ := map[string]bool{}
	for _, c := range l.all {
		for _, d := range sweep.IdentityDifferences(l.all[0].Configuration, c.Configuration) {
			differ[d.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(differ))
}

// only returns a filter that selects a configuration by those of some settings that it reads.
func only(c sweep.Configuration, settings []string) sweep.ConfigurationFilter {
	filter := sweep.ConfigurationFilter{}
	for _, name := range settings {
		if s, known := sweep.Lookup(name); name == sweep.ModelKey || known && s.ReadBy(c) {
			filter[name], _ = c.FilterValue(name)
		}
	}
	return filter
}
