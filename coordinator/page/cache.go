package page

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"spiqsweep/coordinator/queue"
)

const (
	// statusAge is how old a status may be. All readers and streams of events share it, so
	// that a sweep is read once a second however many there are.
	statusAge = time.Second
	// pauseFactor is the least ratio of the pause after reading all rows of a sweep, or
	// drawing its figures, to the time that it took: workers are served in between.
	pauseFactor = 10
	// retryAfter is the least pause after a failed attempt to derive a value from the same rows.
	retryAfter = 10 * time.Second
	// maxCached bounds the sweeps whose status, and maxSnapshots those whose rows, are kept.
	maxCached    = 256
	maxSnapshots = 4
)

// cached is a value that is read again when it is old. Its methods may be called
// concurrently.
type cached[T any] struct {
	mu    sync.Mutex // guards the fields below, and keeps readers from reading twice
	value T
	known bool
	at    time.Time
}

// get returns the value, and reads it if it is older than age. An error is not kept.
func (c *cached[T]) get(now func() time.Time, age time.Duration, read func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known && now().Sub(c.at) < age {
		return c.value, nil
	}
	value, err := read()
	if err == nil {
		c.value, c.known, c.at = value, true, now()
	}
	return value, err
}

// kept returns what a cache keeps of a sweep, at first a zero value.
func kept[T any](c *lru.Cache[string, *T], id string) *T {
	fresh := new(T)
	value, found, _ := c.PeekOrAdd(id, fresh)
	if !found {
		value = fresh
	}
	c.Get(id) // marks it as recently used
	return value
}

// allSweeps returns the sweeps of the store by turn.
func (p *Page) allSweeps(ctx context.Context) ([]queue.Summary, error) {
	return p.summaries.get(p.Now, statusAge, func() ([]queue.Summary, error) { return p.Queue.Sweeps(ctx) })
}

// status returns the status of a sweep by its ID.
func (p *Page) status(ctx context.Context, id string) (queue.Status, error) {
	s, err := kept(p.statuses, id).get(p.Now, statusAge, func() (queue.Status, error) { return p.Queue.Status(ctx, id) })
	if errors.Is(err, queue.ErrUnknown) {
		return s, notFound("no sweep here has the ID %.80q: it may have been deleted", id)
	}
	return s, err
}

// version returns a text that changes whenever a row of a sweep or one of its counts does.
func version(s queue.Status) string {
	return fmt.Sprintf("%d.%d.%d.%d.%d.%d.%t", s.Sweep.Revision, s.Changes, s.Counts.Done, s.Counts.Failed, s.Counts.Diverged, s.Counts.Leased, s.Sweep.Paused)
}

// derived is a value that is made of the rows of a sweep in the background, since that may
// take seconds. Its methods may be called concurrently.
type derived[T any] struct {
	mu      sync.Mutex // guards the fields below
	value   T
	version string // of the rows that value is made of; "": none
	err     error  // of the last attempt
	tried   string // the version of the last attempt
	making  bool
	at      time.Time // when the last attempt ended
	took    time.Duration
}

// get returns the value and the version that it shows, "" if there is none yet. If that is
// not the wanted one, it starts to make the value, unless it was made just now.
func (d *derived[T]) get(p *Page, wanted string, maker func(context.Context) (T, error)) (value T, shown string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	pause := pauseFactor * d.took
	if d.err != nil && d.tried == wanted {
		pause = max(pause, retryAfter) // the same rows probably fail again, however fast
	}
	if d.version != wanted && !d.making && p.Now().Sub(d.at) >= pause {
		d.making = p.background(func(ctx context.Context) {
			began := p.Now()
			value, err := maker(ctx)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.making, d.err, d.tried, d.at = false, err, wanted, p.Now()
			if d.took = d.at.Sub(began); err == nil {
				d.value, d.version = value, wanted
			}
		})
	}
	return d.value, d.version, d.err
}

// background runs f, whose context Close ends, and reports whether it does: not after Close.
func (p *Page) background(f func(context.Context)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.running.Go(func() { f(p.ctx) })
	return true
}

// Close ends the streams of events and waits for work in the background. It may be called
// more than once.
func (p *Page) Close() {
	p.mu.Lock()
	p.stop()
	p.mu.Unlock()
	p.running.Wait()
}
