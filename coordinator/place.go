package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
)

// placeFlags say where sweeps live: in a folder, in a store, or at a coordinator.
type placeFlags struct {
	out, store string
	coordinatorFlags
	named string // sweep that a command is about, if not the folder's
}

// coordinatorFlags name a coordinator that runs.
type coordinatorFlags struct {
	coordinators []string
	credentials  string
}

func (f *placeFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", "runs/figure-s1", "output `FOLDER` of the sweep, or of a coordinator that serves")
	c.Flags().StringVar(&f.store, "store", "", "`FILE` or URL of a store that no coordinator of this machine has open, instead of --out; a password belongs in PGPASSWORD or ~/.pgpass, for others can list command lines")
	f.coordinatorFlags.add(c)
}

func (f *coordinatorFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.coordinators, "coordinator", nil, "`FILE_OR_ADDRESS` of a running coordinator, its operator.json for instance; may be given more than once")
	c.Flags().StringVar(&f.credentials, "credentials", "", "`FILE` with the token for addresses: operator.json of the coordinator")
}

// file are the credentials that the flags name; the zero value without any.
func (f *coordinatorFlags) file() (credentials.File, error) {
	if len(f.coordinators) == 0 {
		if f.credentials != "" {
			return credentials.File{}, usage("--credentials %q without --coordinator: say whose they are", f.credentials)
		}
		return credentials.File{}, nil
	}
	file, err := credentials.Find(credentials.Operator, f.coordinators, f.credentials)
	if err != nil {
		return credentials.File{}, &app.InputError{Err: err}
	}
	return file, nil
}

// place checks the flags of a command: one of them names the place.
func (f *placeFlags) place(c *cobra.Command) (app.Place, error) {
	if err := exclusive(c, "out", "store", "coordinator"); err != nil {
		return app.Place{}, err
	}
	file, err := f.file()
	if err != nil || file.Token != "" {
		return app.Place{Coordinator: file}, err
	}
	if f.store != "" {
		return app.Place{Store: f.store}, nil
	}
	return app.Place{Out: f.out}, nil
}

// exclusive refuses flags of which a command may have one only.
func exclusive(c *cobra.Command, names ...string) error {
	given := slices.DeleteFunc(names, func(name string) bool { return !c.Flags().Changed(name) })
	if len(given) > 1 {
		return usage("--%s and --%s each say where the sweep is: give one of them", given[0], given[1])
	}
	return nil
}

// ignored refuses a flag that another one leaves without a meaning.
func ignored(c *cobra.Command, by, why string, names ...string) error {
	for _, name := range names {
		if c.Flags().Changed(name) {
			return usage("--%s has no meaning with %s: %s", name, by, why)
		}
	}
	return nil
}

// command is another command about the same place, to be copied.
func (f *placeFlags) command(arguments ...string) string {
	if f.named != "" {
		arguments = append(arguments, "--sweep", f.named)
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
	for _, folder := range folders {
		if file := (app.Place{Out: folder}).WorkerFile(); isFile(file) {
			return file
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
