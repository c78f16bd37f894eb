package storetest

import (
	"context"
	"fmt"

	"spiqsweep/coordinator/queue"
)

// Fault is what goes wrong with a commit.
type Fault int

// The faults of a commit.
const (
	NoFault       Fault = iota
	FailedCommit        // nothing has happened
	UnknownCommit       // it has happened, but nobody is told
)

// Faulty is a store whose commits fail when it is told so.
type Faulty struct {
	queue.Store
	// Next is the fault of the next Update, once Spared others have passed; it is
	// then cleared.
	Next   Fault
	Spared int
}

var errInjected = fmt.Errorf("%w: injected", queue.ErrUnavailable)

// Update passes the call on, and then fails as it was told to.
func (f *Faulty) Update(ctx context.Context, call func(queue.Tx) error) error {
	fault := f.strike()
	err := f.Store.Update(ctx, func(tx queue.Tx) error {
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

// strike tells the fault of this Update. Calls that run at once only read that
// there is none.
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
