package wire

import (
	"fmt"
	"strings"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// minPrefix is the minimum length of a prefix of a task ID, maxFilters the maximum number of
// configuration filters in a selection.
const (
	minPrefix  = 4
	maxFilters = 1024
)

// WriteSelection encodes a selection.
func WriteSelection(s queue.Selection) *spiqsweepv1.Selection {
	out := &spiqsweepv1.Selection{Sweep: s.Sweep}
	for _, task := range s.Tasks {
		out.Tasks = append(out.Tasks, string(task))
	}
	for _, filter := range s.Configurations {
		settings := map[string]string{}
		for name, value := range filter {
			settings[name] = sweep.Format(value)
		}
		out.Configurations = append(out.Configurations, &spiqsweepv1.ConfigurationFilter{Settings: settings})
	}
	return out
}

// ReadSelection decodes a selection. Its sweep may be an ID or a name.
func ReadSelection(in *spiqsweepv1.Selection) (s queue.Selection, err error) {
	if err := checkLabel("sweep", in.GetSweep()); err != nil {
		return s, err
	}
	if len(in.GetConfigurations()) > maxFilters {
		return s, fmt.Errorf("%d configuration filters: at most %d can be named", len(in.GetConfigurations()), maxFilters)
	}
	s.Sweep = in.GetSweep()
	if s.Tasks, err = ReadTasks(in.GetTasks()); err != nil {
		return s, err
	}
	for _, given := range in.GetConfigurations() {
		filter, err := grid.ReadFilter(given.GetSettings())
		if err != nil {
			return s, fmt.Errorf("configuration: %w", err)
		}
		s.Configurations = append(s.Configurations, filter)
	}
	return s, nil
}

// ReadTasks decodes task IDs or prefixes of them.
func ReadTasks(words []string) (tasks []sweep.TaskID, err error) {
	for _, word := range words {
		if len(word) < minPrefix || !IsDigest(word+strings.Repeat("0", max(0, 64-len(word)))) {
			return nil, fmt.Errorf("task %.80q: must be the 64 hexadecimal digits of a task, or the first %d of them or more", word, minPrefix)
		}
		tasks = append(tasks, sweep.TaskID(word))
	}
	return tasks, nil
}
