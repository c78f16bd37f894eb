package service

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// attendance remembers the workers that are about: those that have called and
// have not been told to leave. Of more than maxProcesses it forgets the least
// recently seen, for which nobody then waits.
type attendance struct {
	about *lru.Cache[string, time.Time] // until when a process is waited for
	left  chan struct{}                 // has an item after a process has left
}

func newAttendance() *attendance {
	return &attendance{about: must(lru.New[string, time.Time](maxProcesses)), left: make(chan struct{}, 1)}
}

// called notes that a process has called and will, if it lives, call again by then.
func (a *attendance) called(process string, by time.Time) { a.about.Add(process, by) }

// leaves notes that a process has no reason to call again.
func (a *attendance) leaves(process string) {
	a.about.Remove(process)
	select {
	case a.left <- struct{}{}:
	default:
	}
}

// farewell waits until nobody is about any more, or ctx ends.
func (a *attendance) farewell(ctx context.Context) {
	for {
		last := a.last()
		if last <= 0 {
			return
		}
		timer := time.NewTimer(last)
		select {
		case <-a.left:
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
func (a *attendance) last() time.Duration {
	var longest time.Duration
	for _, by := range a.about.Values() {
		longest = max(longest, time.Until(by))
	}
	return longest
}
