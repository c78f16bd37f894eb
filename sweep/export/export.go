package export

import (
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"spiqsweep/sweep"
	"spiqsweep/sweep/atomicfile"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// Sweep is a sweep with its stored results. Rows and Records may be read any number of
// times, and agree: a result that was altered in the store has no numbers in either.
type Sweep struct {
	Name        string // its label
	CreatedAt   time.Time
	Grid        []byte // sweep.hcl, as it was run
	Numerics    int    // of every task
	KernelClass string
	Data        []Data // that the tasks were trained on

	Shape   table.Shape // of its tables
	Rows    table.Rows
	Records Records
	// Figures returns the figures that the results suffice for.
	Figures func() ([]*figure.Figure, error)

	Options
}

// Options are what a format needs beside the results.
type Options struct {
	Software string  // the version of the program
	Noise    *uint64 // seed of the noise in circuits; nil: that of a model file's test vector
	Seed     uint64  // of sampled windows
	Windows  int     // that are sampled from each model
	// Interrupted returns an error when sampling is to stop; nil: it never is.
	Interrupted func() error
}

// Data is a selection of a recording's neurons.
type Data struct {
	Name   string // of the recording
	SHA256 string // of the selected bits
}

// Record is a row of results.csv with the result of its task.
type Record struct {
	table.Row
	Repeated bool          // an earlier record has the same task, and so the same result
	Result   *sweep.Result // nil without an accepted result
	BinMS    float64       // the width of a time step, milliseconds
}

// Records yields the records of a sweep in the order of results.csv.
type Records = iter.Seq2[Record, error]

// format is a format of Write.
type format struct {
	name string
	// file writes the export as one file; nil if the format is a folder.
	file func(io.Writer, Sweep) error
	// folder writes the export as files in a folder that exists.
	folder func(path string, s Sweep) error
}

var formats = []format{
	{name: "csv", file: writeCSV},
	{name: "jsonl", file: writeJSONL},
	{name: "parquet", file: writeParquet},
	{name: "optuna", file: writeOptuna},
	{name: "npz", folder: writeSamples},
	{name: "qasm2", folder: writeCircuits(qasm2)},
	{name: "qasm3", folder: writeCircuits(qasm3Qiskit, qasm3Plain)},
	{name: "html", file: writeHTML},
	{name: "bundle", file: writeBundle},
}

// Formats returns the names of the formats.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// IsFolder reports whether a format has several files.
func IsFolder(format string) bool {
	i := indexOf(format)
	return i >= 0 && formats[i].folder != nil
}

func indexOf(name string) int {
	return slices.IndexFunc(formats, func(f format) bool { return f.name == name })
}

// mode is the mode of exported files, less the umask.
const mode = 0o666

// Write writes a sweep in one of the Formats to a path. It replaces a file there, or adds
// to a folder, which it creates, if the format has several files. It removes the drafts of
// exports to that path that were killed an hour ago or earlier.
func Write(path, formatName string, s Sweep) error {
	i := indexOf(formatName)
	if i < 0 {
		return fmt.Errorf("there is no format %q: must be %s", formatName, sweep.Alternatives(Formats()))
	}
	if write := formats[i].file; write != nil {
		atomicfile.RemoveDrafts(filepath.Dir(path), func(name string) bool { return name == filepath.Base(path) })
		return atomicfile.Stream(path, mode, func(w io.Writer) error { return write(w, s) })
	}
	for _, folder := range []string{path, filepath.Join(path, qasm3Qiskit.folder), filepath.Join(path, qasm3Plain.folder)} {
		atomicfile.RemoveDrafts(folder, ofTask.MatchString)
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return formats[i].folder(path, s)
}

// ofTask matches the names of the files in a folder.
var ofTask = regexp.MustCompile(`^[0-9a-f]{64}(_t[0-9]+\.qasm|\.npz)$`)

// writeIn replaces a file in a folder.
func writeIn(folder, name string, fill func(io.Writer) error) error {
	return atomicfile.Stream(filepath.Join(folder, name), mode, fill)
}

// writeCSV writes results.csv.
func writeCSV(w io.Writer, s Sweep) error { return table.WriteResults(w, s.Shape, s.Rows) }

// settingsOf returns the settings that the model of a configuration reads, by name.
func settingsOf(c sweep.Configuration) map[string]any {
	values := map[string]any{}
	for _, s := range sweep.Settings() {
		if s.ReadByModel(c.Model) {
			values[s.Name] = s.Value(c)
		}
	}
	return values
}
