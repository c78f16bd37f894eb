package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"spiqsweep/coordinator/queue"
)

const (
	// maxStreams bounds the streams of events that are open at a time.
	maxStreams = 100
	// lookEvery is how often a stream looks for a change, and beatEvery how often it sends
	// a comment if there is none, so that a reader that is gone is noticed.
	lookEvery = time.Second
	beatEvery = 15 * time.Second
	// sendTimeout is how long a reader may leave an event unread.
	sendTimeout = 10 * time.Second
)

// event tells a reader that a page has changed.
type event struct {
	Version string `json:"version"`
	Text    string `json:"text"` // the progress, for people
}

// eventsOf returns the address of the events of a sweep, of all of them for "". With steps,
// there is an event whenever a running task has made steps.
func eventsOf(sweep string, steps bool) string {
	query := url.Values{}
	if sweep != "" {
		query.Set("sweep", sweep)
	}
	if steps {
		query.Set("steps", "1")
	}
	return "/events?" + query.Encode()
}

// sendEvents streams the changes of a sweep, or of the list of sweeps, as server-sent
// events. A stream waits for its own reader alone, and shares what it reads of the queue
// with all others.
func (p *Page) sendEvents(w http.ResponseWriter, r *http.Request) error {
	if p.streams.Add(1) > maxStreams {
		p.streams.Add(-1)
		w.Header().Set("Retry-After", "60")
		return &httpError{http.StatusServiceUnavailable, fmt.Errorf("%d readers follow the page already: it goes on without live updates", maxStreams)}
	}
	defer p.streams.Add(-1)
	last := r.Header.Get("Last-Event-ID")
	now, err := p.event(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	stream := http.NewResponseController(w)
	_ = stream.SetReadDeadline(time.Time{}) // a test's writer has none
	send := func(text string) error {
		_ = stream.SetWriteDeadline(time.Now().Add(sendTimeout))
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return stream.Flush()
	}
	if send("retry: 5000\n\n") != nil {
		return nil // the reader left
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	sent := time.Now()
	for {
		text := ""
		switch {
		case err == nil && now.Version != last:
			body, fault := json.Marshal(now)
			if fault != nil {
				return fault
			}
			text, last = fmt.Sprintf("id: %s\ndata: %s\n\n", now.Version, body), now.Version
		case time.Since(sent) >= beatEvery:
			text = ": nothing new\n\n"
		}
		if text != "" {
			if send(text) != nil {
				return nil
			}
			sent = time.Now()
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return nil
		case <-p.ctx.Done():
			return nil
		}
		now, err = p.event(r.Context(), r.URL.Query())
		if deleted := (*httpError)(nil); errors.As(err, &deleted) {
			return nil // the sweep was deleted: the reader's next request says so
		}
	}
}

// event returns the newest event of a stream.
func (p *Page) event(ctx context.Context, query url.Values) (event, error) {
	id := query.Get("sweep")
	if id == "" {
		sweeps, err := p.allSweeps(ctx)
		if err != nil {
			return event{}, err
		}
		e := event{versionOfAll(sweeps), progressOfAll(sweeps)}
		if query.Get("steps") != "" {
			present, err := p.workers(ctx)
			if err != nil {
				return event{}, err
			}
			e.Version = versionOfWorkers(e.Version, present)
		}
		return e, nil
	}
	s, err := p.status(ctx, id)
	if err != nil {
		return event{}, err
	}
	v := version(s)
	if query.Get("steps") != "" {
		v += versionOfSteps(s.Workers)
	}
	return event{v, progressOf(s.Counts)}, nil
}

// versionOfSteps returns a text that changes whenever a running task has made steps.
func versionOfSteps(workers []queue.Worker) string {
	v := ""
	for _, w := range workers {
		for _, r := range w.Running {
			v += fmt.Sprintf("-%.6s.%d", r.Task, r.Step)
		}
	}
	return v
}

// versionOfAll returns a text that changes whenever the list of sweeps does.
func versionOfAll(sweeps []queue.Summary) string {
	var all strings.Builder
	for _, s := range sweeps {
		fmt.Fprintf(&all, "%.8s%d.%d.%d.%d.%d.%t-", s.ID, s.Revision, s.Counts.Done, s.Counts.Failed, s.Counts.Diverged, s.Counts.Leased, s.Paused)
	}
	return digestOf(all.String())
}

// progressOfAll describes the progress of all sweeps for people.
func progressOfAll(sweeps []queue.Summary) string {
	var sum queue.Counts
	for _, s := range sweeps {
		sum.Done, sum.Planned = sum.Done+s.Counts.Done, sum.Planned+s.Counts.Planned
		sum.Failed, sum.Diverged = sum.Failed+s.Counts.Failed, sum.Diverged+s.Counts.Diverged
	}
	return progressOf(sum)
}

// progressOf describes counts for people.
func progressOf(c queue.Counts) string {
	text := fmt.Sprintf("%d of %d tasks done", c.Done, c.Planned)
	if c.Failed > 0 {
		text += fmt.Sprintf(", %d failed", c.Failed)
	}
	if c.Diverged > 0 {
		text += fmt.Sprintf(", %d diverged", c.Diverged)
	}
	return text
}
