package app

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
)

// buryWithin bounds how long the store is asked to take note of a death: leases
// run out by themselves.
const buryWithin = 5 * time.Second

// launch starts a local worker. The queue hears of its end at once.
func (h *host) launch() (local.Process, error) {
	identity := rand.Text() + h.kinship
	process, err := h.Launch(h.keys.worker.At(nearby(h.listener.Addr())), identity)()
	if err != nil {
		return nil, err
	}
	return &mortal{Process: process, ended: func() {
		h.bury(context.Background(), func(id string) bool { return id == identity }, false)
	}}, nil
}

// mortal is a local worker whose end is told.
type mortal struct {
	local.Process
	ended func()
}

// Wait waits for the end, and tells it.
func (m *mortal) Wait() error {
	defer m.ended()
	return m.Process.Wait()
}

// kin says whether a process is a local worker of this coordinator, or of one
// that ran in its place before: then it has ended with it.
func (h *host) kin(process string) bool { return strings.HasSuffix(process, h.kinship) }

// kinshipOf ends the identities of the local workers of a coordinator, and of those
// that ran in its place before. An SQLite store has one coordinator at a time, so
// all local workers that it knows have ended, wherever the folder was moved or
// copied from. In PostgreSQL, only those are meant of a place that one coordinator
// can be in at a time: a folder that it locks, an address.
func kinshipOf(f folder, url, address string) string {
	if !store.Shared(url) {
		return "-local"
	}
	host, err := os.Hostname()
	if err != nil {
		return rand.Text() // nobody is known as kin
	}
	path, err := filepath.Abs(f.path())
	if err != nil {
		return rand.Text()
	}
	return "-" + sweep.Digest([]byte(host + "\n" + path + "\n" + address))[:12]
}

// bury tells the queue which processes have ended. If it does not hear, their
// leases run out.
func (h *host) bury(ctx context.Context, ended func(process string) bool, excused bool) {
	ctx, cancel := context.WithTimeout(ctx, buryWithin)
	defer cancel()
	if err := h.queue.Lose(ctx, ended, excused); err != nil {
		h.Log.Debug("the leases of local workers that have ended must run out", "error", err)
	}
}
