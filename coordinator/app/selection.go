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
	var found []sweep.ConfigurationFilter
	for _, filter := range filters {
		if isStored(filter) {
			found = append(found, filter)
			continue
		}
		before := len(found)
		for _, c := range labels.all {
			if filter.Has(c.Configuration) {
				found = append(found, labels.only(c.Configuration))
			}
		}
		switch {
		case !labels.resolved:
			return nil, folder.BadInput("%s cannot be selected here: it is not stored with the tasks, and the grid of sweep %s needs its variables: select by other settings", strings.Join(outside(filter), " and "), s.Name)
		case len(found) == before:
			return nil, folder.BadInput("no configuration of sweep %s has %s: `coordinator status` lists them", s.Name, filter)
		}
	}
	return found, nil
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

// only returns a filter with all stored settings in which the configuration differs from another one.
func (l labeller) only(c sweep.Configuration) sweep.ConfigurationFilter {
	filter := sweep.ConfigurationFilter{sweep.ModelKey: c.Model}
	for _, other := range l.all {
		for _, d := range sweep.IdentityDifferences(c, other.Configuration) {
			if value, found := c.FilterValue(d.Name); found && d.First != nil {
				filter[d.Name] = value
			}
		}
	}
	return filter
}
