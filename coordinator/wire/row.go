package wire

import (
	"fmt"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// WriteRow writes a row of results.csv. Its configuration and recording are
// written where there is a reason, since that is about them.
func WriteRow(r queue.Row) *spiqsweepv1.Row {
	task := writePlace(r.Planned)
	if r.Reason != "" {
		task = WritePlanned(r.Planned)
	}
	return &spiqsweepv1.Row{
		Task: task, State: string(r.State), Reason: r.Reason, Digest: r.Digest, Measures: r.Measures,
	}
}

// ReadRow reads what WriteRow wrote. Of a pending task the phase is not told: it
// is Waiting.
func ReadRow(in *spiqsweepv1.Row) (queue.Row, error) {
	fail := func(err error) (queue.Row, error) {
		return queue.Row{}, fmt.Errorf("task of row %d: %w", in.GetTask().GetRow(), err)
	}
	read := readPlace
	if in.GetReason() != "" {
		read = ReadPlanned
	}
	planned, err := read(in.GetTask())
	if err != nil {
		return fail(err)
	}
	r := queue.Row{Planned: planned, State: sweep.State(in.GetState()), Reason: sweep.Printable(in.GetReason()), Digest: in.GetDigest(), Measures: in.GetMeasures()}
	phase, ok := phases[r.State]
	if !ok {
		return fail(fmt.Errorf("state %.80q: is none", in.GetState()))
	}
	r.Phase = phase
	if r.Digest == "" && len(r.Measures) == 0 {
		return r, nil
	}
	if err := checkDigest("result", r.Digest); err != nil {
		return fail(err)
	}
	return r, nil
}

// phases are those that a state tells.
var phases = map[sweep.State]queue.Phase{
	sweep.Pending: queue.Waiting, sweep.Done: queue.Done, sweep.Failed: queue.Failed, sweep.Diverged: queue.Diverged,
}
