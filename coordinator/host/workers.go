package host

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

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
)

// markLostTimeout bounds the call that reports ended workers to the queue. Without it,
// their leases expire.
const markLostTimeout = 5 * time.Second

// launch starts a local worker, whose end is reported to the queue.
func (h *Host) launch() (local.Process, error) {
	id := rand.Text() + h.suffix
	process, err := h.Launch(h.keys.worker.At(nearby(h.listener.Addr())), id)()
	if err != nil {
		return nil, err
	}
	w := &worker{Process: process, host: h, id: id}
	h.workers.Lock()
	defer h.workers.Unlock()
	h.workers.running = append(h.workers.running, w)
	w.lastSeen = time.Now()
	return w, nil
}

// workers are the running local workers.
type workers struct {
	sync.Mutex
	running []*worker // guarded by the mutex
}

// worker is a local worker.
type worker struct {
	local.Process
	host *Host
	id   string
	// Guarded by the mutex of the host's workers:
	called   bool      // the queue has seen it alive
	lastSeen time.Time // when it was last seen alive, or started
	killed   bool      // for its silence
}

// Wait waits for the worker's end, and reports it to the queue.
func (w *worker) Wait() error {
	err := w.Process.Wait()
	alive := w.host.markLost(context.Background(), func(id string) bool { return id == w.id }, false)
	w.host.workers.Lock()
	defer w.host.workers.Unlock()
	w.host.workers.running = slices.DeleteFunc(w.host.workers.running, func(other *worker) bool { return other == w })
	if err != nil && !errors.Is(err, local.ErrDrained) && alive == 0 && !w.called && !w.killed {
		return fmt.Errorf("%w: %w", local.ErrNotStarted, err)
	}
	return err
}

// Bounds of the silence of a local worker after its lease has expired, and before its
// first call.
const (
	longestSilence = 20 * time.Second
	firstCall      = 3 * time.Minute
)

// watchWorkers kills silent local workers. It fails if no local worker can be started,
// no other worker is present and, without --listen, none can come.
func (h *Host) watchWorkers(ctx context.Context, unavailable bool) error {
	if h.Local == 0 {
		return nil
	}
	alive, err := h.queue.Alive(ctx)
	if err != nil {
		return err
	}
	h.killSilent(alive, unavailable)
	if err := h.fleet.Unstartable(); err != nil && len(alive) == 0 && h.Options.Listen == "" {
		return fmt.Errorf("no local worker can be started, so no task can run: %w\nfinished tasks are kept: the same command resumes the sweep", err)
	}
	return nil
}

// killSilent kills local workers whose leases have expired: a frozen worker would
// occupy its slot for ever. The queue's clock measures the silence. After the machine
// was suspended or the coordinator frozen, it gives every process a full term first.
// excused forgives the silence until now, since the store was unavailable.
func (h *Host) killSilent(alive map[string]bool, excused bool) {
	h.workers.Lock()
	defer h.workers.Unlock()
	for _, w := range h.workers.running {
		if alive[w.id] || excused {
			w.called, w.lastSeen = w.called || alive[w.id], time.Now()
			continue
		}
		limit := firstCall
		if w.called {
			limit = longestSilence
		}
		if silence := time.Since(w.lastSeen); silence >= limit && !w.killed {
			w.killed = true
			h.Log.Warn("a local worker does not call any more (it is frozen or hangs): it is killed and replaced",
				"beyond_its_lease", silence.Round(time.Second))
			_ = w.Kill() // fails if the worker has just ended
		}
	}
}

// isLocal reports whether a process is a local worker of this coordinator, or of one
// that ran before in this place: the latter has ended with its coordinator.
func (h *Host) isLocal(process string) bool { return strings.HasSuffix(process, h.suffix) }

// workerSuffix returns the end of every local worker's process ID. It survives a
// restart, so that a new coordinator recognises the workers of its predecessor. An
// SQLite store has one coordinator at a time, so that all local workers it knows have
// ended, even if the folder was moved or copied. For PostgreSQL, the suffix stands for
// a place that one coordinator can occupy at a time: a folder that it locks, or an
// address in it.
func workerSuffix(f folder.Folder, url, address string) string {
	if !store.Shared(url) {
		return "-local"
	}
	host, err := os.Hostname()
	if err != nil {
		return rand.Text() // recognises no worker
	}
	path, err := filepath.Abs(f.Path())
	if err != nil {
		return rand.Text()
	}
	return "-" + sweep.Digest([]byte(host + "\n" + path + "\n" + address))[:12]
}

// markLost reports ended processes to the queue. It returns how many of them the queue
// took for alive, or 1 if that is unknown.
func (h *Host) markLost(ctx context.Context, ended func(process string) bool, excused bool) (alive int) {
	ctx, cancel := context.WithTimeout(ctx, markLostTimeout)
	defer cancel()
	alive, err := h.queue.MarkLost(ctx, ended, excused)
	if err != nil {
		h.Log.Debug("the leases of local workers that have ended must expire", "error", err)
		return 1
	}
	return alive
}
