package storetest

import (
	"sync"
	"time"
)

// Clock is a clock that moves when it is told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

// NewClock makes a clock that stands at noon of the first of January 2026, UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)}
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
