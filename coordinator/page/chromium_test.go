package page

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/browser"
	"spiqsweep/deploy/needs"
)

// evil is a name that a page must show unchanged.
const evil = `<img src=x onerror=alert(1)>`

// serve serves a page to the browser.
func serve(t *testing.T, c Config) (address string) {
	t.Helper()
	return start(t, c).URL
}

// start starts the server of a page.
func start(t *testing.T, c Config) *httptest.Server {
	t.Helper()
	p := New(c)
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		p.Close()
		server.CloseClientConnections() // streams of events
		server.Close()
	})
	return server
}

// hostileFixture returns a queue whose names, notes, hosts and messages are hostile. It has
// a finished, a failed, a running and a pending task.
func hostileFixture(t *testing.T) (*fakeQueue, *fakeSweep) {
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, `
sweep "hostile" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    timesteps = [1, 5]
    k         = [0, 1]
  }
}`)
	s.Name, s.Note = evil, "A note, "+evil
	for row := range s.rows {
		switch {
		case row%4 != 3:
			q.train(t, s, row)
		case row == 3:
			q.fail(s, row, "diverged: "+evil)
			q.attempt(s, row, queue.AttemptFailed, func(a *queue.Attempt) { a.Host, a.Reason, a.Log = evil, evil, evil+"\nsecond line" })
		case row == 7:
			s.rows[row].Phase = queue.Leased
			live := q.attempt(s, row, queue.Live, func(a *queue.Attempt) { a.Step, a.Host = 700, evil })
			s.workers = []queue.Worker{{
				Presence: queue.Presence{Process: queue.Process{ID: live.Process, Host: live.Host, Kernel: evil, Slots: 2}, LastSeen: lookedAt.Add(-3 * time.Second)},
				Running:  []queue.Running{{Attempt: live, Steps: 2000}},
			}}
		}
	}
	return q, s
}

const oneReader = "one reader at a time, and drawing is slow; the other tests have streams of events"

// TestPagesInChromium opens every page, in light colours on a desk and in dark ones on a
// phone; for screenshots, in all four ways.
// The browser reports errors, violations of the Content-Security-Policy and requests to
// other servers; axe-core reports contrasts, labels and roles.
func TestPagesInChromium(t *testing.T) {
	needs.NoRaceDetector(t, oneReader)
	b := browser.Start(t)
	q, s := hostileFixture(t)
	address := serve(t, Config{Queue: q})
	locked := serve(t, Config{Queue: q, Token: "secret"})
	sweepAddress := address + "/sweeps/" + s.ID
	pages := []struct{ name, address, ready string }{
		{"overview", address + "/", "document.querySelector('#sweeps a')"},
		{"sweep", sweepAddress, "document.querySelector('#panels img') && document.querySelector('#verdicts table')"},
		{"tasks", sweepAddress + "/tasks", "document.querySelector('#tasks table')"},
		{"task-done", address + taskAddress(s, 0), "document.querySelector('#drawn img')"},
		{"task-failed", address + taskAddress(s, 3), "document.querySelector('#history details')"},
		{"task-running", address + taskAddress(s, 7), "document.querySelector('#state progress')"},
		{"task-pending", address + taskAddress(s, 11), "document.querySelector('#configuration')"},
		{"workers", address + "/workers", "document.querySelector('#attempts table')"},
		{"none", address + "/none", "document.querySelector('h1')"},
		{"login", locked + "/", "document.querySelector('#token')"},
	}
	for _, scheme := range []browser.Scheme{browser.Light, browser.Dark} {
		tab := b.Tab(t, 1280, 800, scheme)
		tab.Allow("404 (Not Found): " + address + "/none")
		for _, page := range pages {
			widths := map[browser.Scheme][]int{browser.Light: {1280}, browser.Dark: {400}}[scheme]
			if os.Getenv("SPIQSWEEP_SCREENSHOTS") != "" {
				widths = []int{1280, 400}
			}
			for _, width := range widths {
				tab.Resize(width, 800)
				tab.Open(page.address)
				tab.Until(page.ready)
				// Pictures below the visible part load when a reader comes to them.
				shown := browser.Eval[bool](tab, `(async () => {
					for (const image of document.images) image.loading = "eager";
					for (const details of document.querySelectorAll("details")) details.open = true;
					await Promise.all([...document.images].map(image => image.decode()));
					return [...document.images].every(image => image.naturalWidth > 0);
				})()`)
				if !shown {
					t.Errorf("%s has a picture that is not shown", page.name)
				}
				if wide := browser.Eval[int](tab, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s is %d pixels wide on a screen of %d", page.name, wide, width)
				}
				if n := browser.Eval[int](tab, "document.querySelectorAll('img[src=x]').length"); n > 0 {
					t.Errorf("%s has a name as markup", page.name)
				}
				tab.Accessible()
				tab.Screenshot(fmt.Sprintf("%s-%d-%s", page.name, width, scheme))
			}
		}
		tab.Open(sweepAddress)
		if heading := tab.Text("h1"); heading != evil {
			t.Errorf("the heading is %q, want %q", heading, evil)
		}
	}
}

// TestLiveUpdateInChromium finishes a task while a reader looks at the sweep.
func TestLiveUpdateInChromium(t *testing.T) {
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, taskGrid)
	address := serve(t, Config{Queue: q})
	tab := browser.Start(t).Tab(t, 1280, 800, browser.Light)
	tab.Open(address + "/sweeps/" + s.ID)
	const field = "document.querySelector('#heat td a').textContent"
	tab.Until(field + ".includes('0/3')")
	browser.Eval[bool](tab, "window.kept = document.querySelector('h1').dataset.kept = true")
	tab.Click("#heat summary")
	q.train(t, s, 1)
	tab.Until(field + ".includes('1/3')")
	tab.Until("document.querySelector('#panels img')") // Fig. S1 grows
	if !browser.Eval[bool](tab, "window.kept && document.querySelector('h1').dataset.kept === 'true'") {
		t.Error("the page was loaded again")
	}
	if !browser.Eval[bool](tab, "document.querySelector('#heat details').open") {
		t.Error("the update closed the list that the reader has opened")
	}
}

// TestConnectionInChromium breaks the connection to a sweep that does not change: the page
// says so, and that it is live again.
func TestConnectionInChromium(t *testing.T) {
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, taskGrid)
	server := start(t, Config{Queue: q})
	tab := browser.Start(t).Tab(t, 1280, 800, browser.Light)
	tab.Allow("ERR_INCOMPLETE_CHUNKED_ENCODING")
	tab.Allow("ERR_CONNECTION_RESET")
	tab.Open(server.URL + "/sweeps/" + s.ID)
	const message = "document.querySelector('#connection').textContent"
	tab.Until(message + ".startsWith('Live')")
	server.CloseClientConnections()
	tab.Until(message + ".startsWith('Not connected')")
	tab.Until(message + ".startsWith('Live')")
}

// TestTasksInChromium filters and sorts a sweep of 100,000 tasks.
func TestTasksInChromium(t *testing.T) {
	needs.NoRaceDetector(t, oneReader)
	q := &fakeQueue{}
	s := q.addSweep(t, sweepID, `
sweep "large" {
  replicates = 1000
  grid {
    neurons   = [2, 3, 4, 5, 6]
    timesteps = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    k         = [0, 1]
  }
}`)
	for row := 0; row < len(s.rows); row += 100 {
		q.finish(t, s, row, 1e-6*float64(1+row%7919))
	}
	if len(s.rows) != 100_000 {
		t.Fatalf("the sweep has %d tasks", len(s.rows))
	}
	address := serve(t, Config{Queue: q}) + "/sweeps/" + s.ID
	tab := browser.Start(t).Tab(t, 1280, 800, browser.Light)
	tab.Open(address)
	tab.Until("document.querySelectorAll('#heat td a').length >= 100")
	tab.Click(`a[href$="/tasks"]`)
	tab.Until("document.querySelector('#tasks')?.textContent.includes('1 to 100 of 100000')")
	tab.Type("input[name=q]", "neurons=4 k=1 timesteps=3")
	tab.Press(kb.Enter)
	tab.Until("document.querySelector('#tasks')?.textContent.match(/1 to 100 of 1000\\b/)")
	if label := tab.Text("#tasks tbody td"); !strings.Contains(label, "n=4 t=3 k=1") {
		t.Errorf("the first task is %q", label)
	}
	browser.Eval[bool](tab, `(() => { document.querySelector("select[name=sort]").value = "error"; document.querySelector("select[name=state]").value = "done"; return true; })()`)
	tab.Click("form.bar button")
	tab.Until("document.querySelector('#tasks')?.textContent.includes('1 to 10 of 10')")
	values := browser.Eval[[]float64](tab, `[...document.querySelectorAll("#tasks tbody td.n")].map(e => Number(e.textContent))`)
	for i := range values[1:] {
		if values[i] > values[i+1] {
			t.Errorf("the errors are in the order %v", values)
		}
	}
	if size := browser.Eval[int](tab, "document.documentElement.outerHTML.length"); size > 200_000 {
		t.Errorf("the list has %d characters", size)
	}
}

// TestKeyboardInChromium reaches what a page offers by the Tab key alone, and sees where the
// focus is.
func TestKeyboardInChromium(t *testing.T) {
	needs.NoRaceDetector(t, oneReader)
	q, s := hostileFixture(t)
	address := serve(t, Config{Queue: q}) + "/sweeps/" + s.ID
	tab := browser.Start(t).Tab(t, 1280, 800, browser.Light)
	for _, test := range []struct {
		address string
		order   []string // selectors, in the order in which they get the focus
	}{
		{address, []string{".skip", "header a", "select[name=error]", "#heat td a", "#heat summary"}},
		{address + "/tasks", []string{".skip", "input[name=q]", "select[name=state]", "select[name=sort]", "#tasks tbody a"}},
	} {
		tab.Open(test.address)
		tab.Until("document.querySelector('header a')")
		reached := 0
		for range 120 {
			tab.Press(kb.Tab)
			if !browser.Eval[bool](tab, `(() => { const style = getComputedStyle(document.activeElement); return document.activeElement !== document.body && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0; })()`) {
				t.Errorf("%s: the focus on %s is not visible", test.address, browser.Eval[string](tab, "document.activeElement.outerHTML.slice(0, 200)"))
			}
			if browser.Eval[bool](tab, fmt.Sprintf("document.activeElement.matches(%q)", test.order[reached])) {
				if reached++; reached == len(test.order) {
					break
				}
			}
		}
		if reached < len(test.order) {
			t.Errorf("%s: the Tab key does not reach %s", test.address, test.order[reached])
		}
	}
}

// TestLoginInChromium logs in and out.
func TestLoginInChromium(t *testing.T) {
	needs.NoRaceDetector(t, oneReader)
	q, s := hostileFixture(t)
	address := serve(t, Config{Queue: q, Token: "secret"})
	tab := browser.Start(t).Tab(t, 400, 800, browser.Light)
	tab.Allow("403 (Forbidden): " + address + "/login")
	tab.Open(address + "/sweeps/" + s.ID + "/tasks")
	tab.Type("#token", "wrong")
	tab.Press(kb.Enter)
	tab.Until("document.querySelector('[role=alert]')?.textContent.includes('not the operator')")
	tab.Type("#token", "secret")
	tab.Press(kb.Enter)
	tab.Until("document.querySelector('#tasks table')") // the page that was asked for
	tab.Click("header button")
	tab.Until("document.querySelector('#token')")
	tab.Open(address + "/workers")
	tab.Until("document.querySelector('#token')")
}

// TestCopyInChromium copies the command that computes a task again.
func TestCopyInChromium(t *testing.T) {
	needs.NoRaceDetector(t, oneReader)
	q, s := hostileFixture(t)
	address := serve(t, Config{Queue: q})
	tab := browser.Start(t).Tab(t, 1280, 800, browser.Light)
	tab.Open(address + taskAddress(s, 0))
	tab.Click("button[data-copy=repro]")
	tab.Until("/Copied|selected/.test(document.querySelector('#connection').textContent)")
}
