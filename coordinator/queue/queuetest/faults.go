package queuetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"spiqsweep/coordinator/queue"
)

// Fault is a fault of a commit.
type Fault int

// The faults of a commit.
const (
	NoFault       Fault = iota
	FailedCommit        // the transaction is rolled back
	UnknownCommit       // the transaction commits, but Update returns an error
)

// Faulty is a store whose commits fail on request.
type Faulty struct {
	queue.Store
	// Next is the fault of the Update after Spared others. It then becomes NoFault.
	Next   Fault
	Spared int
}

var errInjected = fmt.Errorf("%w: injected", queue.ErrUnavailable)

// Update runs the call with the fault that is due.
func (f *Faulty) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	fault := f.strike()
	err := f.Store.Update(ctx, claim, func(tx queue.Tx) error {
		err := call(tx)
		if err == nil && fault == FailedCommit {
			return errInjected
		}
		return err
	})
	if err == nil && fault == UnknownCommit {
		return errInjected
	}
	return err
}

// strike returns the fault of this Update. Concurrent calls are safe while Next is NoFault.
func (f *Faulty) strike() (fault Fault) {
	switch {
	case f.Next == NoFault:
	case f.Spared > 0:
		f.Spared--
	default:
		fault, f.Next = f.Next, NoFault
	}
	return fault
}

// FailingCalls returns a store that runs every transaction several times. In the n-th run,
// the n-th call to the Tx fails, up to limit, and the run is rolled back; a last run
// succeeds. The rules must return each error without another call to the Tx.
func FailingCalls(t TB, s queue.Store, limit int) queue.Store { return &failingCalls{s, t, limit} }

type failingCalls struct {
	queue.Store
	t     TB
	limit int
}

func (s *failingCalls) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	return s.repeat(ctx, func(ctx context.Context, call func(queue.Tx) error) error { return s.Store.Update(ctx, claim, call) }, call)
}

func (s *failingCalls) View(ctx context.Context, call func(queue.Tx) error) error {
	return s.repeat(ctx, s.Store.View, call)
}

func (s *failingCalls) repeat(ctx context.Context, run func(context.Context, func(queue.Tx) error) error, call func(queue.Tx) error) error {
	for n := 1; n <= s.limit; n++ {
		left := n
		err := run(ctx, func(tx queue.Tx) error { return call(failAt(tx, &left)) })
		if left > 0 {
			return err // the transaction makes fewer calls
		}
		if left < 0 {
			s.t.Errorf("call %d to the store failed, and the transaction made %d more", n, -left)
		}
		if !errors.Is(err, errInjected) {
			s.t.Errorf("call %d to the store failed, but the transaction returned %v", n, err)
		}
	}
	return run(ctx, call)
}

// failAt returns a transaction whose left-th call fails.
func failAt(tx queue.Tx, left *int) queue.Tx {
	return forward{func(method string, args ...any) []reflect.Value {
		if method == "Now" || method == "Announce" { // cannot fail
			return invoke(tx, method, args...)
		}
		if *left--; *left == 0 {
			return failure(tx, method)
		}
		return invoke(tx, method, args...)
	}}
}

// failure returns the results of a method that fails.
func failure(tx queue.Tx, method string) []reflect.Value {
	t := reflect.ValueOf(tx).MethodByName(method).Type()
	out := make([]reflect.Value, t.NumOut())
	for i := range out {
		out[i] = reflect.New(t.Out(i)).Elem()
	}
	out[len(out)-1].Set(reflect.ValueOf(errInjected))
	return out
}
