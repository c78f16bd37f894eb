package page

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"spiqsweep/coordinator/queue"
)

// reader is a reader of a stream. It reads what was sent so far, or nothing if it is stuck.
type reader struct {
	mu     sync.Mutex
	header http.Header
	body   strings.Builder
	status int
	stuck  chan struct{} // Write waits for it, unless it is nil
}

func (r *reader) Header() http.Header    { return r.header }
func (r *reader) WriteHeader(status int) { r.status = status }
func (r *reader) Flush()                 {}

func (r *reader) Write(body []byte) (int, error) {
	if r.stuck != nil {
		<-r.stuck
		return 0, fmt.Errorf("the deadline has passed")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.body.Write(body)
}

// take returns what was sent since the last call.
func (r *reader) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.body.Reset()
	return r.body.String()
}

// follow opens a stream. The channel reports its end.
func follow(ctx context.Context, p *Page, r *reader, target string, headers ...string) <-chan struct{} {
	request := httptest.NewRequestWithContext(ctx, "GET", target, nil)
	request.Host = "localhost"
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	r.header = http.Header{}
	ended := make(chan struct{})
	go func() {
		p.ServeHTTP(r, request)
		close(ended)
	}()
	return ended
}

var eventID = regexp.MustCompile(`id: (\S+)`)

// TestEvents checks what a stream sends: the state at the start, each change once, comments
// while nothing happens, and nothing after the end of its reader, of the sweep, or of the page.
func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		s := q.addSweep(t, sweepID, fourConfigurations)
		p := New(Config{Queue: q})
		ctx, leave := context.WithCancel(t.Context())
		one, all, steps := &reader{}, &reader{}, &reader{}
		ended := follow(ctx, p, one, "/events?sweep="+sweepID)
		follow(ctx, p, all, "/events")
		follow(ctx, p, steps, "/events?steps=1&sweep="+sweepID)
		synctest.Wait()
		first := one.take()
		if !strings.Contains(first, "retry: ") || !strings.Contains(first, `"text":"0 of 8 tasks done"`) || one.header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("a stream begins with %q", first)
		}
		if got := all.take(); !strings.Contains(got, `"text":"0 of 8 tasks done"`) {
			t.Errorf("the stream of all sweeps begins with %q", got)
		}
		steps.take()
		q.finish(t, s, 0, 1)
		time.Sleep(2 * lookEvery)
		for _, r := range []*reader{one, all, steps} {
			if got := r.take(); strings.Count(got, "data: ") != 1 || !strings.Contains(got, "1 of 8 tasks done") {
				t.Errorf("a change sends %q", got)
			}
		}
		q.mu.Lock()
		s.workers = []queue.Worker{{Running: []queue.Running{{Attempt: queue.Attempt{Lease: queue.Lease{Task: s.rows[1].Task.ID}, Step: 7}}}}}
		q.mu.Unlock()
		time.Sleep(2 * lookEvery)
		if got := one.take(); got != "" {
			t.Errorf("a step sends %q to a reader that follows no task", got)
		}
		if got := steps.take(); strings.Count(got, "data: ") != 1 {
			t.Errorf("a step sends %q", got)
		}
		time.Sleep(beatEvery + lookEvery)
		if got := one.take(); strings.Count(got, ": nothing new") != 1 || strings.Contains(got, "data") {
			t.Errorf("a pause sends %q", got)
		}
		again := &reader{}
		id := eventID.FindStringSubmatch(first)[1]
		follow(ctx, p, again, "/events?sweep="+sweepID, "Last-Event-ID", id)
		synctest.Wait()
		if got := again.take(); !strings.Contains(got, "1 of 8") {
			t.Errorf("a reader that comes back after a change gets %q", got)
		}
		calls := q.called("Status")
		time.Sleep(10 * lookEvery)
		if got := q.called("Status") - calls; got > 11 {
			t.Errorf("three readers read the status %d times in ten seconds", got)
		}
		leave()
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("a stream outlives its reader")
		}
		last := &reader{}
		ended = follow(t.Context(), p, last, "/events?sweep="+sweepID)
		synctest.Wait()
		p.Close()
		<-ended
		if n := p.streams.Load(); n != 0 {
			t.Errorf("%d streams are open after the end", n)
		}
	})
}

// TestSlowReader checks that a reader that does not read holds up no other, and that readers
// beyond the limit are refused.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		s := q.addSweep(t, sweepID, fourConfigurations)
		p := New(Config{Queue: q})
		stuck := make(chan struct{})
		for range maxStreams - 1 {
			follow(t.Context(), p, &reader{stuck: stuck}, "/events?sweep="+sweepID)
		}
		quick, refused := &reader{}, &reader{}
		follow(t.Context(), p, quick, "/events?sweep="+sweepID)
		synctest.Wait()
		quick.take()
		q.finish(t, s, 0, 1)
		time.Sleep(2 * lookEvery)
		if got := quick.take(); !strings.Contains(got, "1 of 8 tasks done") {
			t.Errorf("beside slow readers, a change sends %q", got)
		}
		<-follow(t.Context(), p, refused, "/events?sweep="+sweepID)
		if got := refused.take(); refused.status != http.StatusServiceUnavailable || !strings.Contains(got, "without live updates") {
			t.Errorf("a reader too many gets status %d: %.200s", refused.status, got)
		}
		close(stuck)
		p.Close()
		synctest.Wait()
		if n := p.streams.Load(); n != 0 {
			t.Errorf("%d streams are open after the end", n)
		}
	})
}

// TestDeletedSweep checks that the stream of a sweep ends with it.
func TestDeletedSweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		q.addSweep(t, sweepID, fourConfigurations)
		p := New(Config{Queue: q})
		defer p.Close()
		ended := follow(t.Context(), p, &reader{}, "/events?sweep="+sweepID)
		synctest.Wait()
		q.mu.Lock()
		q.sweeps = nil
		q.mu.Unlock()
		time.Sleep(3 * lookEvery)
		<-ended
	})
}
