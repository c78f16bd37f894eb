package queuetest

import (
	"reflect"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// forward is a queue.Tx that passes every call to do, with the name of the method.
type forward struct {
	do func(method string, args ...any) []reflect.Value
}

// invoke calls a method of a transaction by its name.
func invoke(tx queue.Tx, method string, args ...any) []reflect.Value {
	in := make([]reflect.Value, len(args))
	for i, arg := range args {
		in[i] = reflect.ValueOf(arg)
	}
	return reflect.ValueOf(tx).MethodByName(method).Call(in)
}

func value[T any](v reflect.Value) (out T) {
	out, _ = v.Interface().(T) // a nil error has no type
	return out
}

func single[T any](out []reflect.Value) (T, error) { return value[T](out[0]), value[error](out[1]) }

func pair[T, U any](out []reflect.Value) (T, U, error) {
	return value[T](out[0]), value[U](out[1]), value[error](out[2])
}

func onlyError(out []reflect.Value) error { return value[error](out[0]) }

func (x forward) Now() time.Time { return value[time.Time](x.do("Now")[0]) }
func (x forward) Announce()      { x.do("Announce") }

func (x forward) Sweep(id string) (queue.Sweep, bool, error) {
	return pair[queue.Sweep, bool](x.do("Sweep", id))
}

func (x forward) Sweeps() ([]queue.Sweep, error)      { return single[[]queue.Sweep](x.do("Sweeps")) }
func (x forward) PutSweep(s queue.Sweep) error        { return onlyError(x.do("PutSweep", s)) }
func (x forward) SetTurn(id string, turn int64) error { return onlyError(x.do("SetTurn", id, turn)) }
func (x forward) DeleteSweep(id string) error         { return onlyError(x.do("DeleteSweep", id)) }
func (x forward) Drafts() ([]queue.Draft, error)      { return single[[]queue.Draft](x.do("Drafts")) }
func (x forward) PutDraft(d queue.Draft) error        { return onlyError(x.do("PutDraft", d)) }

func (x forward) ClaimSweep(id string) (bool, error) { return single[bool](x.do("ClaimSweep", id)) }

func (x forward) AddPlanned(plan, previous string, page []queue.Planned) (queue.AddedPage, error) {
	return single[queue.AddedPage](x.do("AddPlanned", plan, previous, page))
}

func (x forward) DropPlanned(plan string, limit int) ([]sweep.TaskID, error) {
	return single[[]sweep.TaskID](x.do("DropPlanned", plan, limit))
}

func (x forward) PlannedTasks(plan string, after, limit int) ([]queue.PlannedTask, error) {
	return single[[]queue.PlannedTask](x.do("PlannedTasks", plan, after, limit))
}

func (x forward) PlannedWithPrefix(plan string, prefix sweep.TaskID, limit int) ([]sweep.TaskID, error) {
	return single[[]sweep.TaskID](x.do("PlannedWithPrefix", plan, prefix, limit))
}

func (x forward) Referring(task sweep.TaskID) ([]string, error) {
	return single[[]string](x.do("Referring", task))
}

func (x forward) Tallies(plan string) (map[queue.Phase]queue.Tally, error) {
	return single[map[queue.Phase]queue.Tally](x.do("Tallies", plan))
}
func (x forward) Waiting() ([]string, error) { return single[[]string](x.do("Waiting")) }

func (x forward) CountUnfinished() (int, error) { return single[int](x.do("CountUnfinished")) }

func (x forward) Next(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	return single[[]queue.Next](x.do("Next", plan, exclusive, most, limit))
}

func (x forward) Rows(plan string, after, limit int) ([]queue.Row, error) {
	return single[[]queue.Row](x.do("Rows", plan, after, limit))
}

func (x forward) RowsIn(plan string, phase queue.Phase, limit int) ([]queue.Row, error) {
	return single[[]queue.Row](x.do("RowsIn", plan, phase, limit))
}

func (x forward) History(plan string, afterRow int, afterAttempt uint64, limit int) ([]queue.History, error) {
	return single[[]queue.History](x.do("History", plan, afterRow, afterAttempt, limit))
}

func (x forward) Specification(task sweep.TaskID) (queue.Specification, bool, error) {
	return pair[queue.Specification, bool](x.do("Specification", task))
}

func (x forward) Record(task sweep.TaskID) (queue.Record, bool, error) {
	return pair[queue.Record, bool](x.do("Record", task))
}

func (x forward) PutRecord(r queue.Record) error { return onlyError(x.do("PutRecord", r)) }

func (x forward) Due(now time.Time, limit int) ([]sweep.TaskID, error) {
	return single[[]sweep.TaskID](x.do("Due", now, limit))
}

func (x forward) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	return pair[queue.Attempt, bool](x.do("Attempt", l))
}
func (x forward) PutAttempt(a queue.Attempt) error { return onlyError(x.do("PutAttempt", a)) }

func (x forward) Attempts(task sweep.TaskID) ([]queue.Attempt, error) {
	return single[[]queue.Attempt](x.do("Attempts", task))
}

func (x forward) HeldBy(process string) ([]queue.Attempt, error) {
	return single[[]queue.Attempt](x.do("HeldBy", process))
}

func (x forward) OldestGrant() (time.Time, bool, error) {
	return pair[time.Time, bool](x.do("OldestGrant"))
}

func (x forward) Presence(process string) (queue.Presence, bool, error) {
	return pair[queue.Presence, bool](x.do("Presence", process))
}
func (x forward) PutPresence(p queue.Presence) error { return onlyError(x.do("PutPresence", p)) }
func (x forward) Present(until time.Time) ([]queue.Presence, error) {
	return single[[]queue.Presence](x.do("Present", until))
}

func (x forward) Tick(now time.Time) (time.Time, error) { return single[time.Time](x.do("Tick", now)) }

func (x forward) Result(task sweep.TaskID, digest string) (queue.StoredResult, bool, error) {
	return pair[queue.StoredResult, bool](x.do("Result", task, digest))
}

func (x forward) PutResult(task sweep.TaskID, digest string, r queue.StoredResult) error {
	return onlyError(x.do("PutResult", task, digest, r))
}

func (x forward) DeleteResult(task sweep.TaskID, digest string) error {
	return onlyError(x.do("DeleteResult", task, digest))
}

func (x forward) Checkpoint(task sweep.TaskID) (step uint64, body []byte, found bool, err error) {
	out := x.do("Checkpoint", task)
	return value[uint64](out[0]), value[[]byte](out[1]), value[bool](out[2]), value[error](out[3])
}

func (x forward) CheckpointStep(task sweep.TaskID) (uint64, error) {
	return single[uint64](x.do("CheckpointStep", task))
}

func (x forward) PutCheckpoint(task sweep.TaskID, step uint64, body []byte) error {
	return onlyError(x.do("PutCheckpoint", task, step, body))
}

func (x forward) DeleteCheckpoint(task sweep.TaskID) error {
	return onlyError(x.do("DeleteCheckpoint", task))
}

func (x forward) Recording(digest string) (body []byte, found bool, err error) {
	return pair[[]byte, bool](x.do("Recording", digest))
}

func (x forward) PutRecording(digest string, body []byte) error {
	return onlyError(x.do("PutRecording", digest, body))
}
