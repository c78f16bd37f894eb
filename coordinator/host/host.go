package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/metrics"
	"spiqsweep/coordinator/page"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
	"spiqsweep/sweep"
)

const (
	tickEvery = time.Second
	// readyWithin is how old the last tick may be while the coordinator counts as ready.
	readyWithin = 10 * time.Second
	// handBackTimeout is how long local workers have to hand back their tasks and leave.
	handBackTimeout = 15 * time.Second
	// uselessHandBackTimeout is how long they have to leave if the store is of no use any
	// more.
	uselessHandBackTimeout = 500 * time.Millisecond
	// lastCallsTimeout is how long running calls have to finish.
	lastCallsTimeout = 2 * time.Second
)

// Options configures a Host.
type Options struct {
	Endpoint
	Store string // URL of the store; "": a SQLite file in the folder
	Local int    // number of local workers
	// Launch starts a local worker with the credentials and the process ID. It may be
	// nil if Local is 0.
	Launch func(file credentials.File, id string) local.Launch
	Policy queue.Policy
	// Page is what the page shows beside the queue. Start sets the queue, the token, the
	// handlers and the log.
	Page page.Config
	// Profiles answers /debug/pprof/ of the page; nil: nothing does.
	Profiles http.Handler
	Version  string // label of the program's version
	Log      hclog.Logger
}

// Host serves a store to workers and operators, and runs local workers. The caller
// calls Listen and OpenStore, first the one whose error the user should see if both fail,
// then Publish, then Start.
type Host struct {
	Options
	folder folder.Folder // of the keys and, by default, the store
	class  string        // kernel class of the served sweeps
	suffix string        // of the process IDs of local workers: see workerSuffix

	listener net.Listener
	store    queue.Store
	file     storeFile
	queue    *queue.Queue
	keys     keys
	server   *service.Server
	metrics  *metrics.Metrics
	ticked   atomic.Pointer[time.Time] // the last tick, if the store answered it; else nil
	fleet    *local.Fleet              // keeps local workers running
	workers  workers                   // the running ones, to detect their silence

	http       net.Listener // of the page; nil: none
	page       *page.Page
	pageServer *http.Server
}

// New returns a Host with its keys in a folder, for sweeps of a kernel class.
func New(o Options, f folder.Folder, class string) *Host {
	return &Host{
		Options: o, folder: f, class: class,
		metrics: metrics.New(metrics.Build{Version: o.Version, Numerics: sweep.Numerics, KernelClass: class}),
	}
}

// Listen starts to listen on the addresses.
func (h *Host) Listen() (err error) {
	if h.listener, err = h.listen(); err != nil {
		return err
	}
	return h.listenHTTP()
}

// OpenStore opens the store. It does nothing if the store is open.
func (h *Host) OpenStore(ctx context.Context) (err error) {
	if h.store != nil {
		return nil
	}
	url, err := h.folder.StoreURL(h.Store)
	if err != nil {
		return err
	}
	if h.suffix == "" {
		h.suffix = workerSuffix(h.folder, url, "")
	}
	if h.store, err = store.Open(ctx, url); err != nil {
		if cause := queue.Cause(err); cause != nil {
			h.Log.Debug("cannot open the store", "cause", cause)
		}
		if fault := (*queue.StoreError)(nil); errors.As(err, &fault) && fault.Partial { // a full disk is no bad input
			return fmt.Errorf("open the store%s: %w", h.folder.StoreSource(h.Store), err)
		}
		return folder.BadInput("open the store%s: %w", h.folder.StoreSource(h.Store), err)
	}
	h.file = newStoreFile(url)
	h.queue = queue.New(h.metrics.Store(h.store), h.Policy)
	return nil
}

// Queue returns the queue of the store. OpenStore must have succeeded.
func (h *Host) Queue() *queue.Queue { return h.queue }

// RemovedStore returns the path of the store's SQLite file if it was removed or
// replaced since it was opened, else "".
func (h *Host) RemovedStore() string {
	if h.file.isRemoved() {
		return h.file.path
	}
	return ""
}

// Publish writes the credentials files and records the URL of the store in the folder.
func (h *Host) Publish() (err error) {
	if h.keys, err = h.Endpoint.keys(h.folder, h.listener.Addr()); err != nil {
		return err
	}
	return h.folder.RecordStore(h.Store)
}

// Start serves in goroutines of the group, and starts local workers. sweepID is the
// sweep of calls that name none. A failure cancels the group's context.
func (h *Host) Start(serving context.Context, services *errgroup.Group, sweepID string, workers int) {
	h.server = service.New(service.Config{
		Queue: h.queue, Sweep: sweepID,
		WorkerToken: h.keys.worker.Token, OperatorToken: h.keys.operator.Token, TLS: h.keys.tls,
		Numerics: sweep.Numerics, KernelClass: h.class,
		Log: h.Log.Named("service"), Metrics: h.metrics, Ready: h.ready,
	})
	opened := h.store // Close clears the field
	h.metrics.Watch(h.queue, func(ctx context.Context) (size, free int64) { return store.Size(ctx, opened) })
	h.markLost(serving, h.isLocal, true)
	h.fleet = local.Start(workers, h.launch, h.Log.Named("local"))
	services.Go(func() error { return h.server.Serve(h.listener) })
	h.startPage(services)
	services.Go(func() error { return h.tick(serving) })
}

// tick advances the queue's clock every second. It logs when a problem of the store
// begins and when one is over. It fails if the store is of no use any more.
func (h *Host) tick(ctx context.Context) error {
	var logged []string
	daily := rate.Sometimes{Interval: 24 * time.Hour}
	unavailable := false // the last tick failed, and calls with it
	return every(ctx, tickEvery, func() error {
		daily.Do(func() {
			if ending := h.keys.ending(); ending != "" {
				h.Log.Warn(ending)
			}
		})
		err := h.queue.Tick(ctx)
		h.noteTick(err)
		if err == nil {
			err = h.watchWorkers(ctx, unavailable)
		}
		if fatal := h.queue.Fatal(); fatal != nil {
			return fmt.Errorf("%w; running tasks could not be handed back: they resume from their newest checkpoints", fatal)
		}
		if unavailable = errors.Is(err, queue.ErrUnavailable); unavailable {
			err = nil // the next tick finds the leases unchanged
		}
		logged = LogWarnings(h.Log, logged, h.queue.Warnings())
		return err
	})
}

// noteTick records whether the store has answered a tick.
func (h *Host) noteTick(err error) {
	if err != nil {
		h.ticked.Store(nil)
		return
	}
	now := time.Now()
	h.ticked.Store(&now)
}

// ready reports whether the store has answered the last tick, and that not long ago: a tick
// may hang.
func (h *Host) ready() bool {
	last := h.ticked.Load()
	return last != nil && time.Since(*last) < readyWithin
}

// LogWarnings logs the warnings of a store that are not in before, and which of those in
// before are over. The store works again once none is left. It returns the warnings to pass
// as before next time.
func LogWarnings(log hclog.Logger, before, now []string) []string {
	for _, warning := range now {
		if !slices.Contains(before, warning) {
			log.Warn(warning)
		}
	}
	over := slices.DeleteFunc(slices.Clone(before), func(warning string) bool { return slices.Contains(now, warning) })
	switch {
	case len(over) == 0:
	case len(now) == 0:
		log.Info("the store works again: calls are answered", "over", strings.Join(over, "; "))
	default:
		log.Info("a problem of the store is over, and another remains", "over", strings.Join(over, "; "), "remains", strings.Join(now, "; "))
	}
	return now
}

// WaitForWorkers waits until all workers have learned that all tasks are done, or until
// ctx ends.
func (h *Host) WaitForWorkers(ctx context.Context) { h.server.WaitForWorkers(ctx) }

// Stop stops the local workers, which hand back their tasks, then the server.
func (h *Host) Stop() {
	timeout := handBackTimeout
	if h.queue.Fatal() != nil {
		timeout = uselessHandBackTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	h.fleet.Stop(ctx)
	ctx, cancel = context.WithTimeout(context.Background(), lastCallsTimeout)
	defer cancel()
	h.stopPage(ctx)
	h.server.Stop(ctx)
}

// Address returns the address on which the host listens.
func (h *Host) Address() string { return h.listener.Addr().String() }

// Advertised returns the addresses at which workers on other machines reach the host,
// or nil if only this machine can.
func (h *Host) Advertised() []string {
	if !h.isRemote() {
		return nil
	}
	return h.keys.worker.Addresses
}

// Warnings returns warnings about the security of the options.
func (h *Host) Warnings() []string {
	var warnings []string
	if h.Insecure && (h.isRemote() || h.isPageRemote()) {
		warnings = append(warnings, "insecure: calls are plain text, so others on the network can read the tokens, "+
			"take tasks and send results: use it only on a network that you trust")
	}
	if store.ShowsPassword(h.Store) {
		warnings = append(warnings, "the password in --store is visible to everyone who can list the processes of this machine: "+
			"omit it, and give it in PGPASSWORD or ~/.pgpass")
	}
	return warnings
}

// Close releases the address and the store. It may be called more than once.
func (h *Host) Close() error {
	var faults error
	for _, listener := range []net.Listener{h.listener, h.http} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			faults = errors.Join(faults, err)
		}
	}
	if h.store != nil {
		faults = errors.Join(faults, h.store.Close())
		h.store = nil
	}
	return faults
}

// every calls f now and after each period, until f fails or ctx ends.
func every(ctx context.Context, period time.Duration, f func() error) error {
	clock := time.NewTicker(period)
	defer clock.Stop()
	for {
		if err := f(); err != nil {
			return err
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// storeFile is the open SQLite file of a store; the zero value stands for no file. If
// the file is removed, the store still works, but what it writes is lost.
type storeFile struct {
	path string
	info os.FileInfo
}

// newStoreFile returns the file of a store that has just been opened.
func newStoreFile(url string) storeFile {
	if store.Shared(url) {
		return storeFile{}
	}
	path := strings.TrimPrefix(url, "sqlite://")
	info, err := os.Stat(path)
	if err != nil {
		return storeFile{}
	}
	return storeFile{path, info}
}

// isRemoved reports whether the path holds another file, or none.
func (f storeFile) isRemoved() bool {
	if f.info == nil {
		return false
	}
	info, err := os.Stat(f.path)
	return os.IsNotExist(err) || err == nil && !os.SameFile(f.info, info)
}
