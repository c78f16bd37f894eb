package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"spiqsweep/proto/credentials"
	"spiqsweep/worker/agent"
	"spiqsweep/worker/program"
)

const (
	// maxConnections bounds the open connections of --http.
	maxConnections = 32
	// requestTimeout bounds a request and its answer, profileTimeout the time in which a
	// profile is taken, and closeTimeout the requests that run at the end.
	requestTimeout = 10 * time.Second
	profileTimeout = 5 * time.Minute
	closeTimeout   = time.Second
	// unresponsiveAfter is how long a worker may handle no event while it is healthy.
	unresponsiveAfter = 3 * time.Minute
)

// httpFlags are the flags of the worker's read-only HTTP server.
type httpFlags struct {
	address string
	pprof   bool
}

func (f *httpFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.address, "http", "", "`ADDRESS` that serves /metrics for Prometheus and /healthz, such as 127.0.0.1:7480; anyone who reaches it may read them")
	c.Flags().BoolVar(&f.pprof, "pprof", false, "serve profiles of the program at /debug/pprof/ of --http, which must be an address of this machine alone")
}

func (f httpFlags) check() error {
	switch {
	case f.pprof && f.address == "":
		return errors.New("--pprof has no effect without --http: give the address too, such as --http 127.0.0.1:7480")
	case f.pprof && !credentials.Loopback(f.address):
		return fmt.Errorf("--pprof: others could read the program's profiles at --http %s: give an address of this machine alone, such as 127.0.0.1:7480, and reach it by ssh -L", f.address)
	}
	return nil
}

// serve has a worker measured, and serves its metrics until stop is called. Without --http
// it does nothing.
func (f httpFlags) serve(c *agent.Config) (stop func(), err error) {
	if f.address == "" {
		return func() {}, nil
	}
	listener, err := f.listen()
	if err != nil {
		return nil, err
	}
	c.Metrics = agent.NewMetrics(c.Version, c.Kernel, c.Slots)
	timeout, log := requestTimeout, c.Log
	if f.pprof {
		timeout = profileTimeout
	}
	server := &http.Server{
		Handler: f.handler(c.Metrics), ReadTimeout: requestTimeout, WriteTimeout: timeout, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	log.Info("metrics are served", "address", listener.Addr().String())
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(netutil.LimitListener(listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not served any more", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-served
	}, nil
}

// listen opens the address.
func (f httpFlags) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", f.address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--http %q: the port is in use: choose another, or 0 for any that is free", f.address)
	case err != nil:
		return nil, fmt.Errorf("--http %q: %w: must be HOST:PORT of this machine, such as 127.0.0.1:7480, or :7480 for every network", f.address, err)
	}
	return listener, nil
}

// handler returns the handler of all paths.
func (f httpFlags) handler(m *agent.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if idle := m.Idle(); idle > unresponsiveAfter {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "no event for %v\n", idle.Round(time.Second))
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	if !f.pprof {
		return mux
	}
	mux.Handle(program.ProfilePath, program.Profiles())
	return localOnly(mux)
}

// localOnly refuses requests that name another host than this machine: a web site could have
// its name resolve to 127.0.0.1, and read the answers.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !credentials.Loopback(r.Host) && !credentials.Loopback(net.JoinHostPort(r.Host, "80")) {
			http.Error(w, "with --pprof, this address answers under the names of this machine alone, such as localhost or 127.0.0.1", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
