package service

import (
	"context"
	"sync"
	"time"
)

// attendance remembers the workers that are about: those that have called and
// have not been told to leave.
type attendance struct {
	mu      sync.Mutex
	about   map[string]time.Time // until when a process is waited for
	emptied chan struct{}        // closed, and replaced, when the last one has left
}

func newAttendance() *attendance {
	return &attendance{about: map[string]time.Time{}, emptied: make(chan struct{})}
}

// called notes that a process has called and will, if it lives, call again by then.
func (a *attendance) called(process string, by time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.about[process] = by
}

// leaves notes that a process has no reason to call again.
func (a *attendance) leaves(process string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.about, process)
	if len(a.about) == 0 {
		close(a.emptied)
		a.emptied = make(chan struct{})
	}
}

// farewell waits until nobody is about any more, or ctx ends.
func (a *attendance) farewell(ctx context.Context) {
	for {
		last, emptied := a.last()
		if last <= 0 {
			return
		}
		timer := time.NewTimer(last)
		select {
		case <-emptied:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// last returns how long the most patient process is still waited for.
func (a *attendance) last() (time.Duration, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var longest time.Duration
	for process, by := range a.about {
		left := time.Until(by)
		if left <= 0 {
			delete(a.about, process)
		}
		longest = max(longest, left)
	}
	return longest, a.emptied
}
