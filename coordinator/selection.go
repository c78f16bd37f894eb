package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// selectionFlags name tasks of a sweep, beside the arguments of a command.
type selectionFlags struct {
	sweep          string
	configurations []string
}

func (f *selectionFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.sweep, "sweep", "", "`NAME_OR_ID` of the sweep, where a coordinator or a store has several (default: that of the output folder)")
	c.Flags().StringArrayVar(&f.configurations, "config", nil, "tasks of the configurations with these `SETTINGS`, n=8,t=4 for instance; may be given more than once")
}

// selection reads the flags and the tasks that are named.
func (f *selectionFlags) selection(tasks []string) (queue.Selection, error) {
	s := queue.Selection{Sweep: f.sweep}
	for _, task := range tasks {
		s.Tasks = append(s.Tasks, sweep.TaskID(strings.ToLower(task)))
	}
	for _, text := range f.configurations {
		filter, err := readConfiguration(text)
		if err != nil {
			return s, usage("--config %q: %w", text, err)
		}
		s.Configurations = append(s.Configurations, filter)
	}
	return s, nil
}

// readConfiguration reads n=8,t=4. A value with a comma stands in quotes with its name.
func readConfiguration(text string) (sweep.ConfigurationFilter, error) {
	pairs, err := csv.NewReader(strings.NewReader(text)).Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("must be settings such as n=8,t=4")
	case err != nil:
		return nil, fmt.Errorf("must be settings such as n=8,t=4: %w", err)
	}
	settings := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		switch _, twice := settings[name]; {
		case !ok:
			return nil, fmt.Errorf("%q: must be a setting with its value, such as n=8", pair)
		case twice:
			return nil, fmt.Errorf("%s is given twice: give --config twice for two configurations", name)
		}
		settings[name] = value
	}
	return grid.ReadFilter(settings)
}
