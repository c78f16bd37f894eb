package queue

import (
	"errors"
	"fmt"
	"sync"
)

// StoreError is an ErrUnavailable with its reason.
type StoreError struct {
	// Advice says what is wrong with the store and how to fix it, without the
	// store's address: workers may read it. "" if nothing is known.
	Advice string
	// Err has the details, for operators.
	Err error
	// Partial: other calls may succeed at the same time. On a full disk a small commit often
	// fits where a result does not.
	Partial bool
}

func (e *StoreError) Error() string { return fmt.Sprintf("%v: %v", ErrUnavailable, e.Err) }

// Unwrap returns ErrUnavailable and the details.
func (e *StoreError) Unwrap() []error { return []error{ErrUnavailable, e.Err} }

// PublicReason describes an ErrUnavailable to callers that may not learn where the
// store is.
func PublicReason(err error) string {
	var e *StoreError
	if errors.As(err, &e) && e.Advice != "" {
		return fmt.Sprintf("%v: %s", ErrUnavailable, e.Advice)
	}
	return ErrUnavailable.Error()
}

// calmTicks is how many ticks must pass without a failed call until a store with a
// Partial error counts as well again: workers repeat a failed call every few seconds.
const calmTicks = 15

// health is what one coordinator has seen of its store. Every call to the store
// contributes, so that a failed commit is known even while others succeed.
type health struct {
	mu      sync.Mutex
	trouble *StoreError // guarded by mu; the first of a row of similar errors
	calm    int         // guarded by mu; ticks since the last failed call
	older   string      // guarded by mu; the first proof that the store went back in time
}

// note records the error of a call.
func (h *health) note(err error) error {
	var e *StoreError
	if !errors.As(err, &e) {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calm = 0
	if h.trouble == nil || h.trouble.Advice != e.Advice {
		h.trouble = e
	}
	return err
}

// ticked records a committed tick.
func (h *health) ticked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calm++; h.trouble != nil && (!h.trouble.Partial || h.calm > calmTicks) {
		h.trouble = nil
	}
}

// wentBack records that the store lacks a lease that it granted.
func (h *health) wentBack(warning string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.older == "" {
		h.older = warning
	}
}

// Warnings lists what is wrong with the store, as this coordinator has seen it: one
// sentence each, for operators. It is empty while the store is well. That the store went
// back in time remains a warning until the coordinator ends.
func (q *Queue) Warnings() []string {
	q.health.mu.Lock()
	defer q.health.mu.Unlock()
	var warnings []string
	if q.health.trouble != nil {
		warnings = append(warnings, q.health.trouble.Error())
	}
	if q.health.older != "" {
		warnings = append(warnings, q.health.older)
	}
	return warnings
}
