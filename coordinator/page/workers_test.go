package page

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// awaitBody asks for a page until it has a part, which is made in the background.
func awaitBody(t *testing.T, p *Page, address, part string) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		body := ask(p, http.MethodGet, address, "").Body.String()
		if strings.Contains(body, part) {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never has %q: %s", address, part, body)
		}
	}
}

// TestWorkersPage checks the lists of workers and of hosts.
func TestWorkersPage(t *testing.T) {
	p, _, s := taskFixture(t)
	s.workers[0].Leaving, s.workers[0].EngineJob = true, "<i>job</i> 12_3"
	body := awaitBody(t, p, "/workers", "Table of the hosts")
	for _, part := range []string{
		"1 present with 2 slots", "WORKERWITHAL", "draining", "&lt;b&gt;host&lt;/b&gt; (&lt;i&gt;job&lt;/i&gt; 12_3)", "3 s ago", taskAddress(s, 2), "700 of 1000",
		`<th scope="row">node-1</th><td class="n" data-label="Attempts">2</td><td class="n" data-label="Results">1</td><td class="n" data-label="Lost">0</td><td class="n failed" data-label="Failed">1</td><td class="n" data-label="Results that differ">0</td><td data-label="Computing time">1 min</td>`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q: %s", part, body)
		}
	}
	for _, part := range []string{"<b>host", "WORKERWITHALO"} {
		if strings.Contains(body, part) {
			t.Errorf("the page has %q", part)
		}
	}
}

// TestNoWorkers checks what the page says when there is nothing to list.
func TestNoWorkers(t *testing.T) {
	p := New(Config{Queue: &fakeQueue{}})
	t.Cleanup(p.Close)
	body := awaitBody(t, p, "/workers", "No attempt has begun.")
	if !strings.Contains(body, "No worker is present") {
		t.Errorf("the page says %s", body)
	}
}

// TestHostCount sums up attempts by hand.
func TestHostCount(t *testing.T) {
	attempt := func(task sweep.TaskID, host string, outcome queue.Outcome, digest string) queue.Attempt {
		return queue.Attempt{Lease: queue.Lease{Task: task}, Host: host, Outcome: outcome, Digest: digest, From: 100, Step: 350, Compute: time.Second}
	}
	count := hostCount{byHost: map[string]*hostRow{}, seen: map[sweep.TaskID]bool{}}
	asked := 0
	accepted := func(sweep.TaskID) (string, error) { asked++; return "right", nil }
	agreed := []queue.Attempt{attempt("1", "a", queue.Lost, ""), attempt("1", "b", queue.Accepted, "x"), attempt("1", "b", queue.Verified, "x")}
	for _, task := range [][]queue.Attempt{
		agreed, agreed, nil, // of two sweeps
		{attempt("2", "a", queue.Accepted, "wrong"), attempt("2", "b", queue.Late, "right"), attempt("2", "b", queue.AttemptFailed, "")},
	} {
		if err := count.add(task, accepted); err != nil {
			t.Fatal(err)
		}
	}
	want := []hostRow{
		{Host: "b", Attempts: 4, Results: 3, Failed: 1, Steps: 750, Compute: 4 * time.Second},
		{Host: "a", Attempts: 2, Results: 1, Lost: 1, Differ: 1, Steps: 250, Compute: 2 * time.Second},
	}
	got := count.rows()
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] || asked != 1 {
		t.Errorf("%+v after %d questions, want %+v after one", got, asked, want)
	} else if speed := got[0].PerSecond(); speed != "188" {
		t.Errorf("750 steps in 4 s are %s a second, want 188", speed)
	}
}
