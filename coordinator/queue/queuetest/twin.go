package queuetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"spiqsweep/coordinator/queue"
)

// Twin returns a store that runs every transaction on two stores and reports each result
// that differs. Both must read the same clock. Callers receive the results of model.
func Twin(t TB, model, other queue.Store) queue.Store { return &twin{t, model, other} }

type twin struct {
	t            TB
	model, other queue.Store
}

func (w *twin) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	return w.model.Update(ctx, claim, func(a queue.Tx) error {
		return w.other.Update(ctx, claim, func(b queue.Tx) error { return call(w.both(a, b)) })
	})
}

func (w *twin) View(ctx context.Context, call func(queue.Tx) error) error {
	return w.model.View(ctx, func(a queue.Tx) error {
		return w.other.View(ctx, func(b queue.Tx) error { return call(w.both(a, b)) })
	})
}

func (w *twin) Changed() <-chan struct{} { return w.model.Changed() }

func (w *twin) Close() error { return errors.Join(w.model.Close(), w.other.Close()) }

// both returns a transaction that makes each call on a, the model's, and on b.
func (w *twin) both(a, b queue.Tx) queue.Tx {
	return forward{func(method string, args ...any) []reflect.Value {
		got, other := invoke(a, method, args...), invoke(b, method, args...)
		for i := range got {
			if reflect.DeepEqual(got[i].Interface(), other[i].Interface()) {
				continue
			}
			if diff := cmp.Diff(plain(got[i]), plain(other[i]), cmpopts.EquateEmpty()); diff != "" {
				w.t.Errorf("%s%v: result %d differs (-model +other):\n%s", method, args, i, diff)
			}
		}
		return got
	}}
}

// plain returns a comparable value. Of an error, only its presence is compared.
func plain(v reflect.Value) any {
	if err, ok := v.Interface().(error); ok {
		return fmt.Sprintf("an error: %t", err != nil)
	}
	return v.Interface()
}
