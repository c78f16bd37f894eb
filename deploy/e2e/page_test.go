//go:build unix

package e2e

import (
	"net"
	"syscall"
	"testing"

	"spiqsweep/deploy/browser"
	"spiqsweep/deploy/needs"
)

// paged is a sweep that does not end while a browser starts.
var paged = &sweepSpec{grid: `
sweep "page" {
  replicates = 60
  training { steps = STEPS }
  grid {
    neurons   = [2]
    timesteps = [1, 2]
    k         = [0, 1]
  }
}`}

// TestPageFollowsASweep looks at a sweep in Chromium while a worker trains, ends the
// coordinator, and starts it again: the open page shows every result without a reload.
func TestPageFollowsASweep(t *testing.T) {
	b := browser.Start(t)
	r := newRun(t, paged)
	address := needs.Address(t)
	run := func() *process {
		p := r.coordinator("", "--local", "1", "--http", address)
		p.until("the page is served", func() bool {
			connection, err := net.Dial("tcp", address)
			if err == nil {
				connection.Close()
			}
			return err == nil
		})
		return p
	}
	first := run()
	tab := b.Tab(t, 1280, 800, browser.Light)
	for _, expected := range []string{"ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_NETWORK"} {
		tab.Allow(expected) // while the coordinator is away
	}
	tab.Open("http://" + address + "/")
	tab.Click("#sweeps h2 a")
	const done = "[...document.querySelectorAll('#heat .small')].reduce((sum, e) => sum + parseInt(e.textContent), 0)"
	tab.Until("document.querySelector('#heat td a')")
	browser.Eval[bool](tab, "window.kept = true")
	tab.Until(done + " > 0")
	first.signal(syscall.SIGTERM)
	first.wait()
	tab.Until("document.querySelector('#connection').textContent.startsWith('Not connected')")
	before := browser.Eval[int](tab, done)
	run()
	tab.Until(done + " > " + browser.Eval[string](tab, "String("+done+")"))
	if !browser.Eval[bool](tab, "window.kept") || before == 0 {
		t.Errorf("the page was loaded again, or had %d results", before)
	}
}
