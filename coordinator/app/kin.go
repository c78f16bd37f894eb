package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/protocol"
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
	m := &mortal{Process: process, host: h, identity: identity}
	h.mortals.Lock()
	defer h.mortals.Unlock()
	h.mortals.alive = append(h.mortals.alive, m)
	m.lastSeen = time.Now()
	return m, nil
}

// mortals are the local workers that run.
type mortals struct {
	sync.Mutex
	alive []*mortal // guarded by the mutex
}

// mortal is a local worker. The queue hears of its end.
type mortal struct {
	local.Process
	host     *host
	identity string
	// Guarded by the host's mutex of mortals:
	called   bool      // it was alive by the queue's knowledge
	lastSeen time.Time // so, or started
	silent   bool      // and was killed for that
}

// Wait waits for the end, and tells it.
func (m *mortal) Wait() error {
	err := m.Process.Wait()
	alive := m.host.bury(context.Background(), func(id string) bool { return id == m.identity }, false)
	m.host.mortals.Lock()
	defer m.host.mortals.Unlock()
	m.host.mortals.alive = slices.DeleteFunc(m.host.mortals.alive, func(other *mortal) bool { return other == m })
	if err != nil && !errors.Is(err, local.ErrSentAway) && alive == 0 && !m.called && !m.silent {
		return fmt.Errorf("%w: %w", local.ErrNotStarted, err)
	}
	return err
}

// How long a local worker may be silent beyond the lease term, and before its first
// call, until another is started in its place. One without work waits at the server
// for LongPoll, which may be longer than a lease term.
const (
	longestSilence = protocol.LongPoll + 5*time.Second
	firstCall      = 3 * time.Minute
)

// watchWorkers kills local workers that are silent. It fails if none can be started,
// no other worker is there and, without --listen, none is to be expected.
func (h *host) watchWorkers(ctx context.Context, away bool) error {
	if h.Local == 0 {
		return nil
	}
	alive, err := h.queue.Alive(ctx)
	if err != nil {
		return err
	}
	h.killSilent(alive, away)
	if err := h.fleet.Unstartable(); err != nil && len(alive) == 0 && h.Listen == "" {
		return fmt.Errorf("no local worker can be started, so nobody would do the work: %w\nwhat is finished is kept: the same command goes on from there", err)
	}
	return nil
}

// killSilent kills local workers whose leases have run out: one that is frozen or
// hangs would occupy its slot for ever. The queue's clock judges the silence, so
// that nobody is killed where the whole machine was suspended, or the coordinator
// was frozen: then every process is given a full term first. away forgives the
// silence until now: the store could take no calls.
func (h *host) killSilent(alive map[string]bool, away bool) {
	h.mortals.Lock()
	defer h.mortals.Unlock()
	for _, m := range h.mortals.alive {
		if alive[m.identity] || away {
			m.called, m.lastSeen = m.called || alive[m.identity], time.Now()
			continue
		}
		patience := firstCall
		if m.called {
			patience = longestSilence
		}
		if silence := time.Since(m.lastSeen); silence >= patience && !m.silent {
			m.silent = true
			h.Log.Warn("a local worker is silent (frozen, or hanging): it is killed, and another is started in its place",
				"beyond_its_lease", silence.Round(time.Second))
			_ = m.Kill() // or it has just ended
		}
	}
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
// It returns how many of them the queue knew to be alive.
func (h *host) bury(ctx context.Context, ended func(process string) bool, excused bool) (alive int) {
	ctx, cancel := context.WithTimeout(ctx, buryWithin)
	defer cancel()
	alive, err := h.queue.Lose(ctx, ended, excused)
	if err != nil {
		h.Log.Debug("the leases of local workers that have ended must run out", "error", err)
		return 1 // or not: it is unknown
	}
	return alive
}
