package folder

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// runFile records what the command line added to the grid of a sweep, so that the
// sweep can be resumed from its folder alone.
const runFile = "run.json"

const runFormat = "spiqsweep-run/1"

// Run is the input of a run, as the folder records it. Its paths are absolute, so that
// the sweep can be resumed from any working directory.
type Run struct {
	Format    string            `json:"format"`    // set by WriteRun; "" if there was no run.json
	GridFile  string            `json:"grid_file"` // paths in the grid are relative to its folder
	Variables map[string]string `json:"variables"`
	Recording string            `json:"recording"` // "": as the grid says
	Variable  string            `json:"variable"`
	// MaxRecording is in MiB; 0 is the default.
	MaxRecording int64 `json:"max_recording,omitempty"`
}

// comments returns the flags of the run as comments of a grid file.
func (r Run) comments() []byte {
	var added bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(r.Variables)) {
		fmt.Fprintf(&added, "# --var %s=%s\n", name, sweep.Printable(r.Variables[name]))
	}
	if r.Recording != "" {
		fmt.Fprintf(&added, "# --recording %s\n", sweep.Printable(r.Recording))
	}
	if r.Variable != "" {
		fmt.Fprintf(&added, "# --variable %s\n", sweep.Printable(r.Variable))
	}
	if r.MaxRecording != 0 {
		fmt.Fprintf(&added, "# --max-recording %d\n", r.MaxRecording)
	}
	return added.Bytes()
}

// runWith matches the comments that WriteRun adds to a grid.
var runWith = regexp.MustCompile(`\n\n# Run with\n(# --(var|recording|variable|max-recording) .*\n)+$`)

// WriteRun writes sweep.hcl, with the flags of the run as comments at its end, and
// run.json.
func (f Folder) WriteRun(r Run, grid []byte) error {
	r.Format = runFormat
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if added := r.comments(); len(added) > 0 {
		grid = slices.Concat(bytes.TrimRight(grid, "\n"), []byte("\n\n# Run with\n"), added)
	}
	write := func(body []byte) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		}
	}
	return errors.Join(f.write(runFile, write(append(body, '\n'))), f.write(GridFile, write(grid)))
}

// HasRun reports whether the folder holds a sweep with its grid.
func (f Folder) HasRun() bool {
	return (f.Has(IdentityFile) || f.LostIdentity()) && f.Has(GridFile)
}

// ReadRun returns the input of the last run and the text of its grid, without the
// comments that WriteRun added.
func (f Folder) ReadRun() (r Run, text []byte, err error) {
	if text, err = inputfile.Read(f.Path(GridFile), grid.MaxBytes+maxNoteBytes); err != nil {
		return r, nil, err
	}
	if r, err = f.readRunFile(text); err != nil {
		return r, nil, fmt.Errorf("%w: name the grid with --grid", err)
	}
	if added := runWith.FindIndex(text); added != nil && r.Format != "" {
		text = append(text[:added[0]:added[0]], '\n')
	}
	return r, text, nil
}

// readRunFile reads run.json. Without the file, the command line added nothing, unless
// the comments of the grid show that it did.
func (f Folder) readRunFile(text []byte) (r Run, err error) {
	body, err := inputfile.Read(f.Path(runFile), maxNoteBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist) && runWith.Match(text):
		return r, fmt.Errorf("%s is missing, which recorded what the command line added to the grid", runFile)
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return r, err
	}
	if err := json.Unmarshal(body, &r); err != nil || r.Format != runFormat {
		return r, fmt.Errorf("%s is not a record of a run in the format %s", f.Path(runFile), runFormat)
	}
	return r, nil
}

// FinishedRows counts the rows of results.csv that show a result.
func (f Folder) FinishedRows() (finished int, err error) {
	file, err := inputfile.Open(context.Background(), f.Path(resultsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	header, err := rows.Read()
	state := slices.Index(header, "state")
	for err == nil {
		var row []string
		if row, err = rows.Read(); err == nil && state >= 0 && row[state] == string(sweep.Done) {
			finished++
		}
	}
	if !errors.Is(err, io.EOF) {
		return finished, err
	}
	return finished, nil
}
