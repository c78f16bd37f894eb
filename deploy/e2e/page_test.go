//go:build unix

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"spiqsweep/deploy/browser"
)

// TestPageFollowsASweep looks at a sweep in Chromium while a worker trains, ends the
// coordinator, and starts it again: the open page shows every result without a reload.
func TestPageFollowsASweep(t *testing.T) {
	b := browser.Start(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "sweep.hcl")
	if err := os.WriteFile(file, []byte(`
sweep "page" {
  replicates = 60
  training { steps = 4000 }
  grid {
    neurons   = [2]
    timesteps = [1, 2]
    k         = [0, 1]
  }
}`), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	run := func() *process {
		p := start(t, "", "coordinator", "--grid", file, "--out", filepath.Join(folder, "out"), "--local", "1", "--http", address)
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
