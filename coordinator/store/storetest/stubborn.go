package storetest

import (
	"context"
	"errors"
	"reflect"

	"spiqsweep/coordinator/queue"
)

// Stubborn is a store of which every transaction first fails at its first call
// to the Tx, then at its second, and so on (up to limit), each time rolled back,
// before it succeeds. The rules must return each failure without another call to
// the Tx, and none may leave anything behind: then nobody notices.
func Stubborn(t TB, s queue.Store, limit int) queue.Store { return &stubborn{s, t, limit} }

type stubborn struct {
	queue.Store
	t     TB
	limit int
}

func (s *stubborn) Update(ctx context.Context, call func(queue.Tx) error) error {
	return s.insist(ctx, s.Store.Update, call)
}

func (s *stubborn) View(ctx context.Context, call func(queue.Tx) error) error {
	return s.insist(ctx, s.Store.View, call)
}

func (s *stubborn) insist(ctx context.Context, run func(context.Context, func(queue.Tx) error) error, call func(queue.Tx) error) error {
	for n := 1; n <= s.limit; n++ {
		left := n
		err := run(ctx, func(tx queue.Tx) error { return call(brittle(tx, &left)) })
		if left > 0 {
			return err // it makes fewer calls
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

// brittle is a transaction that fails at the call that finds one left.
func brittle(tx queue.Tx, left *int) queue.Tx {
	return forward{func(method string, args ...any) []reflect.Value {
		if method == "Now" || method == "Announce" { // cannot fail
			return pass(tx, method, args...)
		}
		if *left--; *left == 0 {
			return failure(tx, method)
		}
		return pass(tx, method, args...)
	}}
}

// failure is what a method returns that fails.
func failure(tx queue.Tx, method string) []reflect.Value {
	t := reflect.ValueOf(tx).MethodByName(method).Type()
	out := make([]reflect.Value, t.NumOut())
	for i := range out {
		out[i] = reflect.New(t.Out(i)).Elem()
	}
	out[len(out)-1].Set(reflect.ValueOf(errInjected))
	return out
}
