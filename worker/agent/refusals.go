package agent

import (
	"spiqsweep/proto/credentials"
)

// refusals counts, of calls to one coordinator after another, those that none of
// them would take.
type refusals struct {
	calls  int    // in a row that were refused, or reached nobody
	reason string // of the last refusal; "" without any
}

// note takes a failed call. Whoever answers that it is busy may take this worker
// yet; and so may one that took it before and cannot be reached now, for it may
// be starting again.
func (r *refusals) note(e CallFailed, greeted bool) {
	switch {
	case !worthRetrying(e.Err):
		r.calls++
		r.reason = credentials.Explain(e.Err)
	case e.Unreached && !greeted:
		r.calls++
	default:
		r.calls = 0
	}
}

// by reports whether all coordinators that can be reached refuse the worker.
func (r *refusals) by(coordinators int) bool {
	return r.reason != "" && r.calls >= coordinators
}
