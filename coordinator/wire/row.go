package wire

import (
	"fmt"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// WriteRow writes a row of results.csv with its result.
func WriteRow(r queue.Row) *spiqsweepv1.Row {
	written := &spiqsweepv1.Row{Task: WritePlanned(r.Planned), State: string(r.State), Reason: r.Reason}
	if r.Result != nil {
		written.Result = Pack(r.Result)
	}
	return written
}

// ReadRow reads what WriteRow wrote. Of a pending task the phase is not told: it
// is Waiting.
func ReadRow(in *spiqsweepv1.Row) (queue.Row, error) {
	planned, err := ReadPlanned(in.GetTask())
	if err != nil {
		return queue.Row{}, err
	}
	r := queue.Row{Planned: planned, State: sweep.State(in.GetState()), Reason: in.GetReason()}
	phase, ok := phases[r.State]
	if !ok {
		return queue.Row{}, fmt.Errorf("task of row %d: state %.80q: is none", r.Row, in.GetState())
	}
	r.Phase = phase
	if len(in.GetResult()) == 0 {
		return r, nil
	}
	if r.Result, err = Unpack(in.GetResult(), MaxUnpackedBytes); err != nil {
		return queue.Row{}, fmt.Errorf("task of row %d: its result: %w", r.Row, err)
	}
	return r, nil
}

// phases are those that a state tells.
var phases = map[sweep.State]queue.Phase{
	sweep.Pending: queue.Waiting, sweep.Done: queue.Done, sweep.SetAside: queue.SetAside, sweep.Diverged: queue.Diverged,
}
