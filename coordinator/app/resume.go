package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// runFile keeps what the command line added to the grid of a sweep, so that the
// sweep can be resumed from its folder alone.
const runFile = "run.json"

const runFormat = "spiqsweep-run/1"

// runRecord is the content of runFile.
type runRecord struct {
	Format    string            `json:"format"`
	GridFile  string            `json:"grid_file"` // absolute: paths in the grid are relative to its folder
	Variables map[string]string `json:"variables"`
	Recording string            `json:"recording"` // absolute; "": as the grid says
	Variable  string            `json:"variable"`
	// MaxRecording is in MiB; 0 is the default.
	MaxRecording int64 `json:"max_recording,omitempty"`
}

// record describes the input for a later run from another working directory.
func (in Input) record() (r runRecord, err error) {
	r = runRecord{Format: runFormat, Variables: in.Variables, Recording: in.Recording, Variable: in.Variable}
	if in.MaxRecording != recording.DefaultLimit {
		r.MaxRecording = in.MaxRecording >> 20
	}
	if r.GridFile, err = filepath.Abs(in.GridName); err == nil && in.Recording != "" {
		r.Recording, err = filepath.Abs(in.Recording)
	}
	return r, err
}

// asRun returns the grid's text and, below it, what the command line added.
func (in Input) asRun() ([]byte, error) {
	r, err := in.record()
	if err != nil {
		return nil, err
	}
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
	if added.Len() == 0 {
		return in.Grid, nil
	}
	return slices.Concat(bytes.TrimRight(in.Grid, "\n"), []byte("\n\n# Run with\n"), added.Bytes()), nil
}

// runWith matches what asRun has added to a grid.
var runWith = regexp.MustCompile(`\n\n# Run with\n(# --(var|recording|variable|max-recording) .*\n)+$`)

// Resume returns the input of a run in an output folder ("": the default one). If
// no grid was named and the folder holds a sweep, it is the grid of that sweep, with
// what the command line added then and adds now.
func (in Input) Resume(out string) (Input, error) {
	if !in.IsDefault {
		return in, nil
	}
	f := folder(out)
	if out == "" {
		parsed, diagnostics := grid.Parse(in.GridName, in.Grid, in.Variables)
		if diagnostics.HasErrors() {
			return in, nil // Prepare reports them
		}
		f = defaultFolder(parsed)
	}
	if !f.resumable() {
		return in, nil
	}
	text, err := inputfile.Read(f.path(gridFile), grid.MaxBytes+maxNoteBytes)
	if err != nil {
		return in, &InputError{fmt.Errorf("resume the sweep of %s: %w", f, err)}
	}
	record, err := f.runRecord(text)
	if err != nil {
		return in, &InputError{fmt.Errorf("resume the sweep of %s: %w: name the grid with --grid", f, err)}
	}
	in.GridName = cmp.Or(record.GridFile, f.path(gridFile))
	in.Grid = text
	if added := runWith.FindIndex(text); added != nil && record.Format != "" {
		in.Grid = append(text[:added[0]:added[0]], '\n')
	}
	variables := maps.Clone(record.Variables)
	if variables == nil {
		variables = map[string]string{}
	}
	maps.Copy(variables, in.Variables)
	in.Variables = variables
	in.MaxRecording = max(in.MaxRecording, record.MaxRecording<<20)
	if in.Recording == "" {
		in.Recording, in.Variable = record.Recording, cmp.Or(in.Variable, record.Variable)
	}
	if _, diagnostics := grid.Parse(in.GridName, in.Grid, in.Variables); diagnostics.HasErrors() {
		in.GridName = f.path(gridFile) // which Prepare quotes
	}
	return in, nil
}

// resumable reports whether the folder holds a sweep with its grid.
func (f folder) resumable() bool {
	return (f.has(identityFile) || f.lostIdentity()) && f.has(gridFile)
}

// runRecord reads what the command line added to the folder's grid. Without the
// file nothing was added, unless the grid says otherwise.
func (f folder) runRecord(text []byte) (r runRecord, err error) {
	body, err := inputfile.Read(f.path(runFile), maxNoteBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist) && runWith.Match(text):
		return r, fmt.Errorf("%s is missing, which kept what the command line added to the grid", runFile)
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return r, err
	}
	if err := json.Unmarshal(body, &r); err != nil || r.Format != runFormat {
		return r, fmt.Errorf("%s is not a record of a run in the format %s", f.path(runFile), runFormat)
	}
	return r, nil
}

// writeInput keeps the input in the folder.
func (f folder) writeInput(in Input) error {
	record, err := in.record()
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	text, err := in.asRun()
	if err != nil {
		return err
	}
	write := func(body []byte) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		}
	}
	return errors.Join(f.write(runFile, write(append(body, '\n'))), f.write(gridFile, write(text)))
}

// survey finds the folder's sweep and, before anything is changed, refuses a grid
// that would replace it.
func (a *App) survey(ctx context.Context) (err error) {
	if a.id, err = a.folder.identity(); err != nil {
		return &InputError{err}
	}
	if a.id == "" && !a.folder.has(gridFile) {
		return nil
	}
	if a.host == nil {
		return a.check(ctx, a.keeper)
	}
	url, err := a.folder.storeURL(a.Store)
	if err != nil {
		return err
	}
	s, err := store.OpenReadOnly(ctx, url)
	if errors.Is(err, fs.ErrNotExist) {
		return a.checkResults(url)
	}
	if err != nil {
		// It may only be too old to be read. If not, the same comes of opening it.
		if err := a.host.openStore(ctx); err != nil {
			return err
		}
		return a.check(ctx, a.host.queue)
	}
	return errors.Join(a.check(ctx, queue.New(s, queue.Policy{})), s.Close())
}

// check refuses to go on with the folder's sweep where results would be lost.
func (a *App) check(ctx context.Context, k keeper) (err error) {
	if a.id == "" {
		if a.id, err = a.adopt(ctx, k); err != nil {
			return err
		}
	}
	before, err := k.Sweep(ctx, a.id)
	switch {
	case a.id == "" || errors.Is(err, queue.ErrUnknown):
		return a.checkResults("")
	case err != nil:
		return a.fixable(fmt.Errorf("read the folder's sweep: %w", err))
	}
	if !a.Recompute {
		if err := a.checkNumbers(before); err != nil {
			return err
		}
	}
	if a.Replace {
		return nil
	}
	kept := a.Recompute
	rows := 0
	for row, err := range k.Rows(ctx, a.id) {
		if kept = kept || a.prepared.Plan.Has(row.Task.ID); kept || err != nil {
			break
		}
		rows++
	}
	switch name := a.prepared.Grid.Name; {
	case before.Name != name:
		return a.refuse(ctx, k, before, fmt.Sprintf("this grid's is called %q", name))
	case !kept && rows > 0:
		return a.refuse(ctx, k, before, "this grid keeps none of its tasks (another recording, seed or setting?)")
	}
	return nil
}

// refuse says what a grid would replace, and what to do instead.
func (a *App) refuse(ctx context.Context, k keeper, before queue.Sweep, why string) error {
	status, err := k.Status(ctx, before.ID)
	if err != nil {
		return a.fixable(fmt.Errorf("read the folder's sweep: %w", err))
	}
	goOn := fmt.Sprintf("run `%s`", CommandLine("coordinator", "--out", a.Folder()))
	if a.IsDefault { // the user has just run that: the grid is the folder's, and other input differs
		goOn = "give it the variables and the recording that it was run with, unchanged"
		if a.Recording != "" {
			goOn += fmt.Sprintf(" (is %s still the same file?)", a.Recording)
		}
	}
	return badInput("output folder %s holds the sweep %q, %d of %d tasks done, and %s: its tables, figures and models would be replaced. "+
		"To go on with it, %s; to keep both, give this grid another folder with --out; to replace it, add --replace",
		a.folder, before.Name, status.Counts.Done, status.Counts.Planned, why, goOn)
}

// checkResults refuses to train again what the folder has results of, where its
// store does not have the sweep. The store is empty if it is named.
func (a *App) checkResults(emptyStore string) error {
	finished, err := a.folder.finishedRows()
	if err != nil && !a.Replace && !a.Recompute {
		return badInput("output folder %s: its sweep is not in the store, and its results cannot be read: %w: add --replace to replace them", a.folder, err)
	}
	if finished == 0 || a.Replace || a.Recompute {
		if a.id != "" {
			a.Notices = append(a.Notices, fmt.Sprintf("the store does not have the sweep of %s, which begins anew: was it run with another --store or --coordinator?", a.folder))
		}
		return nil
	}
	where := "where it is kept"
	if emptyStore != "" {
		where = "in the store " + store.WithoutPassword(emptyStore) + ", which is empty or missing"
	}
	return badInput("output folder %s holds %d finished rows of results.csv, but their sweep is not %s: they would be trained again and replaced. "+
		"Was the store deleted, copied without its -wal file, or the sweep ended by `coordinator delete`? "+
		"Put the store back, name the right one with --store or --coordinator, give another folder with --out, or add --replace to begin anew",
		a.folder, finished, where)
}

// finishedRows counts the rows of results.csv that show a result.
func (f folder) finishedRows() (finished int, err error) {
	file, err := inputfile.Open(context.Background(), f.path(resultsFile))
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

// adopt finds the sweep of a folder that has lost its sweep.id: the only one of a
// store that is the folder's own.
func (a *App) adopt(ctx context.Context, k keeper) (id string, err error) {
	sweeps, err := k.Sweeps(ctx)
	if err != nil {
		return "", a.fixable(fmt.Errorf("look for the folder's sweep: %w", err))
	}
	own := a.host != nil && a.Store == "" && !a.folder.has(storeURLFile)
	switch {
	case len(sweeps) == 0:
		return "", nil
	case own && len(sweeps) == 1:
		a.Notices = append(a.Notices, fmt.Sprintf("%s was missing: taking up the only sweep of the store, %s", identityFile, sweeps[0].ID))
		return sweeps[0].ID, nil
	}
	return "", badInput("output folder %s: its %s is missing: `%s` names the sweeps of its store; write the ID of this one into %s",
		a.folder, identityFile, CommandLine("coordinator", "list", "--out", a.Folder()), a.folder.path(identityFile))
}
