package page

import (
	"context"
	"math"
	"slices"
	"strings"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// snapshot holds the rows of a sweep at a version. It is not changed after it was made.
type snapshot struct {
	sweep          queue.Sweep
	version        string
	grid           *grid.Grid      // nil if its text needs variables that this process does not have
	settings       []sweep.Setting // the swept ones other than neurons, timesteps and k
	columns        []string        // errors that a configuration may have
	configurations []configuration
	rows           []taskRow
	positions      map[sweep.TaskID]int32 // of tasks in rows
}

// configuration is common to replicates.
type configuration struct {
	sweep.Configuration           // of replicate 0
	index               int       // in the grid
	start               int       // the row of replicate 0
	recording           string    // digest of what it is trained on
	floors              []float32 // by snapshot.columns; nil before a result
	sameAs              int       // see folder.StoredConfiguration
}

// taskRow is a task, in some 200 bytes: there may be a million.
type taskRow struct {
	id            sweep.TaskID
	digest        string // of the accepted result; "" without one
	reason        string
	state         taskState
	configuration int32 // position in snapshot.configurations
	replicate     int32
	errors        []float32 // by snapshot.columns, NaN if undefined; nil unless done
}

// taskState is a state as the page shows it.
type taskState uint8

const (
	pending taskState = iota
	leased
	done
	failed
	diverged
)

// stateNames are the texts of the states, in their order.
var stateNames = []string{"pending", "at a worker", "done", "failed", "diverged"}

func (s taskState) String() string { return stateNames[s] }

func stateOf(r queue.Row) taskState {
	switch r.State {
	case sweep.Done:
		return done
	case sweep.Failed:
		return failed
	case sweep.Diverged:
		return diverged
	default:
		if r.Phase == queue.Leased {
			return leased
		}
		return pending
	}
}

// of returns the configuration of a row.
func (s *snapshot) of(r *taskRow) sweep.Configuration {
	c := s.configurations[r.configuration].Configuration
	c.Replicate = int(r.replicate)
	return c
}

// label returns the label of a row for people.
func (s *snapshot) label(r *taskRow) string { return s.of(r).Label(s.settings...) }

// find returns the row of a task.
func (s *snapshot) find(id sweep.TaskID) (*taskRow, bool) {
	i, found := s.positions[id]
	if !found {
		return nil, false
	}
	return &s.rows[i], true
}

// snapshot returns the rows of a sweep, and the version that it has now. If the rows were
// read just now, they may be of an earlier version.
func (p *Page) snapshot(ctx context.Context, id string) (s *snapshot, current queue.Status, err error) {
	current, err = p.status(ctx, id)
	if err != nil {
		return nil, current, err
	}
	e := p.entry(id)
	e.mu.Lock()
	s = e.snapshot
	isFresh := s != nil && (s.version == version(current) || p.Now().Sub(e.readAt) < pauseFactor*e.took)
	e.mu.Unlock()
	if isFresh {
		return s, current, nil
	}
	if s != nil && !e.reading.TryLock() {
		return s, current, nil // another request reads them
	} else if s == nil {
		e.reading.Lock()
	}
	defer e.reading.Unlock()
	e.mu.Lock()
	if e.snapshot != s && e.snapshot != nil { // read while this request waited
		defer e.mu.Unlock()
		return e.snapshot, current, nil
	}
	e.mu.Unlock()
	began := p.Now()
	fresh, err := p.read(ctx, current, s)
	if err != nil {
		return nil, current, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.snapshot, e.readAt, e.took = fresh, p.Now(), p.Now().Sub(began)
	return fresh, current, nil
}

// entry returns what is kept of a sweep.
func (p *Page) entry(id string) *entry { return kept(p.entries, id) }

// read reads the rows of a sweep. It keeps what the snapshot before has of the same results.
func (p *Page) read(ctx context.Context, status queue.Status, before *snapshot) (*snapshot, error) {
	stored, err := p.Queue.Sweep(ctx, status.Sweep.ID)
	if err != nil {
		return nil, err
	}
	s := &snapshot{sweep: stored, version: version(status), positions: map[sweep.TaskID]int32{}}
	if before != nil && before.sweep.Revision == stored.Revision {
		s.grid, s.settings, s.columns, s.configurations = before.grid, before.settings, before.columns, slices.Clone(before.configurations)
	} else {
		before = nil
		if err := p.readConfigurations(ctx, s); err != nil {
			return nil, err
		}
	}
	byIndex := make(map[int]int32, len(s.configurations))
	for i, c := range s.configurations {
		if c.sameAs < 0 {
			byIndex[c.index] = int32(i)
		}
	}
	for r, err := range p.Queue.Rows(ctx, stored.ID) {
		if err != nil {
			return nil, err
		}
		at, known := byIndex[r.Task.ConfigurationIndex]
		if !known {
			continue // planned just now: the next version has it
		}
		row := taskRow{
			id: r.Task.ID, digest: r.Digest, reason: r.Reason, state: stateOf(r),
			configuration: at, replicate: int32(r.Row - s.configurations[at].start),
		}
		if r.State == sweep.Done {
			row.errors = s.errors(&row, before, r)
		}
		s.rows = append(s.rows, row)
	}
	s.addShared()
	for i := len(s.rows) - 1; i >= 0; i-- { // so that the first row of a task counts
		s.positions[s.rows[i].id] = int32(i)
	}
	return s, nil
}

// addShared adds the rows of the configurations that share the tasks of others, in the order of
// results.csv.
func (s *snapshot) addShared() {
	if !slices.ContainsFunc(s.configurations, func(c configuration) bool { return c.sameAs >= 0 }) {
		return
	}
	rows := make([][]taskRow, len(s.configurations))
	for _, row := range s.rows {
		rows[row.configuration] = append(rows[row.configuration], row)
	}
	s.rows = s.rows[:0]
	for i, c := range s.configurations {
		if c.sameAs >= 0 {
			rows[i] = slices.Clone(rows[c.sameAs])
			for j := range rows[i] {
				rows[i][j].configuration = int32(i)
			}
			s.configurations[i].floors = s.configurations[c.sameAs].floors
		}
		s.rows = append(s.rows, rows[i]...)
	}
}

// errors returns the errors of a finished row, from the snapshot before if that has them.
func (s *snapshot) errors(row *taskRow, before *snapshot, r queue.Row) []float32 {
	if before != nil {
		if earlier, found := before.find(row.id); found && earlier.digest == row.digest && earlier.errors != nil {
			return earlier.errors
		}
	}
	measures, err := sweep.DecodeMeasures(r.Measures)
	if err != nil {
		return nil // it was altered: the check of the results reports it
	}
	values := func(of func(column string) (float64, bool)) []float32 {
		all := make([]float32, len(s.columns))
		for i, column := range s.columns {
			v, ok := of(column)
			if !ok {
				v = math.NaN()
			}
			all[i] = float32(v)
		}
		return all
	}
	if c := &s.configurations[row.configuration]; c.floors == nil {
		c.floors = values(measures.Floor)
	}
	return values(measures.Error)
}

// readConfigurations reads the configurations of a sweep. Without the grid, they have the defaults
// of the settings that no task ID depends on, and labels leave these out.
func (p *Page) readConfigurations(ctx context.Context, s *snapshot) error {
	var firsts []queue.Planned
	for first, err := range p.Queue.Configurations(ctx, s.sweep.ID) {
		if err != nil {
			return err
		}
		firsts = append(firsts, first)
	}
	s.grid, s.settings = p.parse(s.sweep), grid.Columns(s.sweep.Grid)
	stored, resolved := folder.StoredConfigurations(s.sweep, s.grid, firsts)
	if !resolved {
		s.grid = nil
		s.settings = grid.StoredColumns(s.sweep.Grid)
	}
	for _, c := range stored {
		s.configurations = append(s.configurations, configuration{
			Configuration: c.Configuration, index: c.Index, start: c.First.Row - c.First.Task.Configuration.Replicate,
			recording: c.First.Task.Recording, sameAs: c.SameAs,
		})
	}
	s.columns = slices.DeleteFunc(sweep.ErrorColumns(), func(column string) bool {
		return !slices.ContainsFunc(s.configurations, func(c configuration) bool { return c.HasError(column) })
	})
	return nil
}

// parse reads the grid of a sweep, or returns nil if it needs other variables.
func (p *Page) parse(s queue.Sweep) *grid.Grid {
	for _, variables := range []map[string]string{p.Variables, nil} {
		if g, faults := grid.Parse("sweep.hcl", s.Grid, variables); !faults.HasErrors() {
			_, _ = g.ResolveRecording(s.Recording) // sets the source; a planned grid has no fault
			return g
		}
	}
	return nil
}

// value returns the value of a setting as a grid has it.
func value(s sweep.Setting, c sweep.Configuration) string {
	return strings.Trim(sweep.Format(s.Value(c)), `"`)
}
