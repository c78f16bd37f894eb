package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep"
	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/worker/program"
)

// inputFlags are the flags that determine the tasks of a sweep.
type inputFlags struct {
	grid      string
	recording string
	kernel    string
	reading   readingFlags
	variables program.Pairs
}

func (f *inputFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.grid, "grid", "", "grid `FILE` (default: that of the sweep in the output folder, or Fig. S1 on the surrogate)")
	flags.StringVar(&f.recording, "recording", "", "recording `FILE`, .mat, .npy, .npz or .csv, that replaces the grid's")
	f.reading.add(c)
	flags.Var(&f.variables, "var", "value of a variable of the grid, `NAME=VALUE`; may be repeated")
	flags.StringVar(&f.kernel, "kernel", "", "kernel of this machine by `NAME`, or the kernel class of the sweep (default: that of SPIQSWEEP_KERNEL, else the fastest)")
}

// readingFlags are the options for reading a recording.
type readingFlags struct {
	variable string
	limit    int // MiB
}

func (f *readingFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.variable, "variable", "", "variable `NAME` of a MATLAB or .npz file that replaces the grid's (default: the only one with three dimensions)")
	flags.IntVar(&f.limit, "max-recording", recording.DefaultLimit>>20, "largest recording to read, in `MiB`, at one bit for each number of the file")
}

// given returns the names of the flags with another value than the default.
func (f *readingFlags) given() (names []string) {
	if f.variable != "" {
		names = append(names, "--variable")
	}
	if f.limit != recording.DefaultLimit>>20 {
		names = append(names, "--max-recording")
	}
	return names
}

// arguments returns the flags as a command line, without those that have their default.
func (f *readingFlags) arguments() (line []string) {
	for _, name := range f.given() {
		value := f.variable
		if name == "--max-recording" {
			value = strconv.Itoa(f.limit)
		}
		line = append(line, name, value)
	}
	return line
}

// input returns the input that reads a recording's file, "" for the one of the grid.
func (f *readingFlags) input(recording string) (app.Input, error) {
	options, err := f.options()
	return app.Input{Recording: recording, Variable: options.Variable, MaxRecording: options.Limit}, err
}

func (f *readingFlags) options() (recording.Options, error) {
	const most = 1 << 20
	if f.limit < 1 || f.limit > most {
		return recording.Options{}, usage("--max-recording %d: must be 1 to %d (MiB)", f.limit, most)
	}
	return recording.Options{Variable: f.variable, Limit: int64(f.limit) << 20}, nil
}

// readInput reads the grid and chooses the kernel. The recording is read later.
func (f *inputFlags) readInput() (app.Input, error) {
	in, err := f.reading.input(f.recording)
	if err != nil {
		return in, err
	}
	in.GridName, in.Grid, in.IsDefault, in.Variables = "sweep.hcl", spiqsweep.DefaultGrid, f.grid == "", f.variables
	in.FileFlags = f.reading.given()
	if f.recording != "" {
		in.FileFlags = append(in.FileFlags, "--recording")
		if err := checkRecording(f.recording); err != nil {
			return in, err
		}
	}
	if f.grid != "" {
		if isRecording(f.grid) {
			return in, usage("--grid %s: this is a recording: give it with --recording, and a grid of settings (.hcl) with --grid; `%s` writes a grid for it",
				f.grid, commandLine("coordinator", "init", "first.hcl", "--recording", f.grid))
		}
		text, err := inputfile.Read(f.grid, grid.MaxBytes)
		if err != nil {
			return in, &folder.InputError{Err: fmt.Errorf("read the grid: %w%s", err, similarFile(f.grid, err))}
		}
		in.GridName, in.Grid = f.grid, text
	}
	kernel, err := chooseKernel(f.kernel)
	in.Kernel = kernel
	return in, err
}

// isRecording reports whether a path has the extension of a recording.
func isRecording(path string) bool {
	return slices.Contains([]string{".mat", ".npy", ".npz", ".csv", ".nwb", ".h5", ".hdf5"}, strings.ToLower(filepath.Ext(path)))
}

// checkRecording returns an error for a grid in the place of a recording, and for a recording
// that does not exist, if a file next to it has a similar name. Other faults are found when it
// is read.
func checkRecording(path string) error {
	if strings.EqualFold(filepath.Ext(path), ".hcl") {
		return usage("read recording %s: this is a grid of settings, not a recording: to see what it trains, run `%s`",
			path, commandLine("coordinator", "plan", "--grid", path))
	}
	_, err := os.Stat(path)
	if hint := similarFile(path, err); hint != "" {
		return usage("read recording %s: there is no such file%s", path, hint)
	}
	return nil
}

// similarFile returns "; did you mean …?" with a file of the same folder whose name is similar
// to that of a file that does not exist, or "".
func similarFile(path string, err error) string {
	return similar(path, err, func(entry fs.DirEntry) bool {
		return !entry.IsDir() && filepath.Ext(entry.Name()) == filepath.Ext(path)
	})
}

// checkOut returns an error for an output folder that does not exist, if a folder next to it has
// a similar name. Other faults are found when the sweep is opened.
func checkOut(path string) error {
	_, err := os.Stat(path)
	if hint := similar(path, err, fs.DirEntry.IsDir); hint != "" {
		return usage("output folder %s: there is no such folder%s", path, hint)
	}
	return nil
}

// similar returns "; did you mean …?" with the entry of the same folder that is suited and whose
// name is most similar to that of a path that does not exist, or "".
func similar(path string, err error, suited func(fs.DirEntry) bool) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	var names []string
	for _, entry := range entries {
		if suited(entry) {
			names = append(names, entry.Name())
		}
	}
	nearest := sweep.Nearest(filepath.Base(path), names)
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", filepath.Join(filepath.Dir(path), nearest))
}

// chooseKernel finds a kernel of this machine by its name or its class; "" chooses that
// of the environment, else the fastest. For a class that only other machines can
// compute, it returns a kernel without a name.
func chooseKernel(text string) (circuit.Kernel, error) {
	if strings.Contains(text, "/") {
		for _, kernel := range circuit.Kernels() {
			if kernel.Class == text {
				return kernel, nil
			}
		}
		return circuit.Kernel{Class: text}, nil
	}
	kernel, err := circuit.NamedKernel(cmp.Or(text, os.Getenv(circuit.KernelVariable)))
	switch {
	case err != nil && text == "":
		return kernel, usage("%s: %w", circuit.KernelVariable, err)
	case err != nil:
		return kernel, usage("--%w", err)
	}
	return kernel, nil
}

// usage returns an error of the command line.
func usage(format string, a ...any) error { return &folder.InputError{Err: fmt.Errorf(format, a...)} }

// errNoKernel reports that local workers cannot compute a kernel class.
func errNoKernel(class string) error {
	var classes []string
	for _, kernel := range circuit.Kernels() {
		classes = append(classes, kernel.Class)
	}
	return usage("local workers cannot be of kernel class %q: this machine computes %s; use --listen for workers on other machines",
		class, strings.Join(slices.Compact(classes), ", "))
}

// commandLine quotes a command for the shell. A coordinator that `go run` has built is in no
// PATH: its own commands are then those of `go run`.
func commandLine(program string, arguments ...string) string {
	if program == "coordinator" && isRunByGo(os.Args[0]) {
		program, arguments = "go", append([]string{"run", "./coordinator"}, arguments...)
	}
	return folder.CommandLine(program, arguments...)
}

// isRunByGo reports whether `go run` has built the coordinator at a path: in its temporary
// folder, or in its cache.
func isRunByGo(path string) bool {
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	return name == "coordinator" && strings.Contains(filepath.ToSlash(path), "/go-build")
}
