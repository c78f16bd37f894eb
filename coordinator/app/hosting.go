package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
	"spiqsweep/sweep"
)

// Hosting says how a coordinator serves a store.
type Hosting struct {
	Reach
	Store string // URL of the store; "": a SQLite file in the folder
	Local int    // local workers
	// Launch starts a local worker with these credentials, under an identity. It
	// may be nil without any.
	Launch func(file credentials.File, identity string) local.Launch
	Policy queue.Policy
	Log    hclog.Logger
}

// host serves a store to workers and operators: the rules, their clock, the
// door, and local workers. Its parts are opened one by one, by whoever knows the
// order in which they may fail.
type host struct {
	Hosting
	folder folder // of the keys and, by default, of the store
	class  string // kernel class of what is served
	// kinship ends the identities of local workers, here and of those before in
	// this place: see kinshipOf. "": of a folder that is locked.
	kinship string

	listener net.Listener
	store    queue.Store
	file     openFile
	queue    *queue.Queue
	keys     keys
	server   *service.Server
	fleet    *local.Fleet
	mortals  mortals
}

func (h *host) openDoor() (err error) {
	h.listener, err = h.listen()
	return err
}

func (h *host) openStore(ctx context.Context) (err error) {
	if h.store != nil {
		return nil
	}
	url, err := h.folder.storeURL(h.Store)
	if err != nil {
		return err
	}
	if h.kinship == "" {
		h.kinship = kinshipOf(h.folder, url, "")
	}
	if h.store, err = store.Open(ctx, url); err != nil {
		return &InputError{fmt.Errorf("open the store: %w", err)}
	}
	h.file = newOpenFile(url)
	h.queue = queue.New(h.store, h.Policy)
	return nil
}

// publish writes what others need to find the coordinator and its store.
func (h *host) publish() (err error) {
	if h.keys, err = h.Reach.keys(h.folder, h.listener.Addr()); err != nil {
		return err
	}
	return h.folder.rememberStore(h.Store)
}

// start begins to serve, with so many local workers: operators who name no sweep
// ask about one. What fails ends the group.
func (h *host) start(serving context.Context, services *errgroup.Group, sweepID string, workers int) {
	h.server = service.New(service.Config{
		Queue: h.queue, Sweep: sweepID,
		WorkerToken: h.keys.worker.Token, OperatorToken: h.keys.operator.Token, TLS: h.keys.tls,
		Numerics: sweep.Numerics, KernelClass: h.class,
		Log: h.Log.Named("service"),
	})
	h.bury(serving, h.kin, true)
	h.fleet = local.Start(workers, h.launch, h.Log.Named("local"))
	services.Go(func() error { return h.server.Serve(h.listener) })
	services.Go(func() error { return h.tick(serving) })
}

// tick advances the queue's clock, and logs each problem of the store when it begins
// and when all are over.
func (h *host) tick(ctx context.Context) error {
	var logged []string
	daily := rate.Sometimes{Interval: 24 * time.Hour}
	away := false // the last tick failed, and calls with it
	return every(ctx, tickEvery, func() error {
		daily.Do(func() {
			if ending := h.keys.ending(); ending != "" {
				h.Log.Warn(ending)
			}
		})
		err := h.queue.Tick(ctx)
		if err == nil {
			err = h.watchWorkers(ctx, away)
		}
		if away = errors.Is(err, queue.ErrUnavailable); away {
			err = nil // the next tick finds the leases unchanged
		}
		logged = warn(h.Log, logged, h.queue.Warnings())
		return err
	})
}

// warn logs the warnings of a store that were not logged before, and that a problem is over. It returns what to compare the next ones with.
func warn(log hclog.Logger, before, now []string) []string {
	for _, warning := range now {
		if !slices.Contains(before, warning) {
			log.Warn(warning)
		}
	}
	if slices.ContainsFunc(before, func(warning string) bool { return !slices.Contains(now, warning) }) {
		log.Info("the store is well again: calls are answered")
	}
	return now
}

// stop ends the local workers, which hand back what they hold, then the server.
func (h *host) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), handBack)
	defer cancel()
	h.fleet.Stop(ctx)
	ctx, cancel = context.WithTimeout(context.Background(), lastCalls)
	defer cancel()
	h.server.Stop(ctx)
}

// address is where the coordinator listens.
func (h *host) address() string { return h.listener.Addr().String() }

// advertised are the addresses where workers elsewhere find it; none if it is to
// be found on this machine alone.
func (h *host) advertised() []string {
	if !h.remote() {
		return nil
	}
	return h.keys.worker.Addresses
}

// warnings are what a person should know of how it can be reached.
func (h *host) warnings() []string {
	var warnings []string
	if h.Insecure && h.remote() {
		warnings = append(warnings, "insecure: calls are plain text, so whoever is on the network in between can read the tokens, "+
			"take tasks and send results: only where nobody else is")
	}
	if store.ShowsPassword(h.Store) {
		warnings = append(warnings, "the password in --store can be read by whoever lists the processes of this machine: "+
			"leave it out, and give it in PGPASSWORD or ~/.pgpass")
	}
	return warnings
}

// close lets go of everything. It may be called more than once.
func (h *host) close() error {
	var faults error
	if h.listener != nil {
		if err := h.listener.Close(); !errors.Is(err, net.ErrClosed) {
			faults = errors.Join(faults, err)
		}
	}
	if h.store != nil {
		faults = errors.Join(faults, h.store.Close())
		h.store = nil
	}
	return faults
}
