package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// defaultOut is the output folder of a command without --out: that of the default grid.
const defaultOut = "runs/figure-s1"

// placeFlags name the place of a sweep: a folder, a store or a coordinator.
type placeFlags struct {
	out, store string
	coordinatorFlags
	sweepName string // name or ID of the sweep; "": that of the folder
}

// coordinatorFlags name a running coordinator.
type coordinatorFlags struct {
	coordinators []string
	credentials  string
}

func (f *placeFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", defaultOut, "output `FOLDER` of the sweep, or folder of a coordinator that serves")
	c.Flags().StringVar(&f.store, "store", "", "`FILE` or URL of a store that no coordinator of this machine has open, instead of --out; put a password in PGPASSWORD or ~/.pgpass, since command lines are visible to other users")
	f.coordinatorFlags.add(c)
}

func (f *coordinatorFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.coordinators, "coordinator", nil, "`FILE_OR_ADDRESS` of a running coordinator, such as its operator.json; may be given more than once")
	c.Flags().StringVar(&f.credentials, "credentials", "", "`FILE` with the token for addresses: operator.json of the coordinator")
}

// findCredentials returns the credentials that the flags name, or the zero value.
func (f *coordinatorFlags) findCredentials() (credentials.File, error) {
	if len(f.coordinators) == 0 {
		if f.credentials != "" {
			return credentials.File{}, usage("--credentials %q without --coordinator: name the coordinator they are for", f.credentials)
		}
		return credentials.File{}, nil
	}
	file, err := credentials.Find(credentials.Operator, f.coordinators, f.credentials)
	if err != nil {
		return credentials.File{}, &folder.InputError{Err: err}
	}
	return file, nil
}

// place checks the flags, of which at most one names the place.
func (f *placeFlags) place(c *cobra.Command) (app.Place, error) {
	if err := exclusive(c, "out", "store", "coordinator"); err != nil {
		return app.Place{}, err
	}
	file, err := f.findCredentials()
	if err != nil || file.Token != "" {
		return app.Place{Coordinator: file}, err
	}
	if f.store != "" {
		return app.Place{Store: f.store}, nil
	}
	if err := checkOut(f.out); err != nil {
		return app.Place{}, err
	}
	return app.Place{Out: f.out}, nil
}

// exclusive rejects more than one of the named flags.
func exclusive(c *cobra.Command, names ...string) error {
	given := slices.DeleteFunc(names, func(name string) bool { return !c.Flags().Changed(name) })
	if len(given) > 1 {
		return usage("--%s and --%s each name the place of the sweep: give one of them", given[0], given[1])
	}
	return nil
}

// ignored rejects flags that have no effect with another flag or command.
func ignored(c *cobra.Command, by, why string, names ...string) error {
	for _, name := range names {
		if c.Flags().Changed(name) {
			return usage("--%s has no effect with %s: %s", name, by, why)
		}
	}
	return nil
}

// command returns a command line with the same place, for a hint.
func (f *placeFlags) command(arguments ...string) string {
	if f.sweepName != "" {
		arguments = append(arguments, "--sweep", f.sweepName)
	}
	if len(f.coordinators) > 0 {
		for _, c := range f.coordinators {
			arguments = append(arguments, "--coordinator", c)
		}
		if f.credentials != "" {
			arguments = append(arguments, "--credentials", f.credentials)
		}
	} else if f.store != "" {
		arguments = append(arguments, "--store", store.WithoutPassword(f.store))
	} else {
		arguments = append(arguments, "--out", f.out)
	}
	return commandLine("coordinator", arguments...)
}

// workerFile returns the path of the worker.json of the place's coordinator: in its
// folder, or next to the given credentials. It returns "" if neither is there: a
// follower's folder has no such file.
func (f *placeFlags) workerFile() string {
	folders := []string{f.out}
	if len(f.coordinators) > 0 {
		folders = nil
		for _, given := range slices.Concat(f.coordinators, []string{f.credentials}) {
			if isFile(given) {
				folders = append(folders, filepath.Dir(given))
			}
		}
	}
	for _, f := range folders {
		if file := folder.Folder(f).Path(folder.WorkerFile); isFile(file) {
			return file
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// selectionFlags select tasks of a sweep, together with the arguments of a command.
type selectionFlags struct {
	sweep          string
	configurations []string
}

func (f *selectionFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.sweep, "sweep", "", "`NAME_OR_ID` of the sweep, where a coordinator or a store has several (default: that of the output folder)")
	f.addConfigurations(c)
}

// addConfigurations adds the flag for tasks of a sweep that is named otherwise.
func (f *selectionFlags) addConfigurations(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.configurations, "config", nil, "tasks of the configurations with these `SETTINGS`, such as n=8,t=4 or model=psth; may be given more than once")
}

// selection returns the selection of the flags and the named tasks.
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

// readConfiguration parses settings such as n=8,t=4. A pair whose value has a comma is
// quoted as in CSV.
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
