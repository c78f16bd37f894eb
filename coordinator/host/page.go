package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/page"
	"spiqsweep/sweep"
)

// Bounds of the connections to the page.
const (
	pageConnections   = 256
	pageHeaderTimeout = 10 * time.Second
	pageReadTimeout   = 30 * time.Second
	// pageWriteTimeout bounds the time of an answer. Events and large tables extend it while
	// their reader goes on reading.
	pageWriteTimeout = 60 * time.Second
	pageIdleTimeout  = 2 * time.Minute
	pageHeaderBytes  = 16 << 10
)

// profilePath is the path below which Options.Profiles answers.
const profilePath = "/debug/pprof/"

// listenHTTP opens the address of the page, if there is one.
func (h *Host) listenHTTP() (err error) {
	h.http, err = h.Endpoint.listenHTTP()
	return err
}

// startPage serves the page, if there is one, in goroutines of the group.
func (h *Host) startPage(services *errgroup.Group) {
	if h.http == nil {
		return
	}
	c := h.Page
	c.Queue, c.Encrypted, c.Log = h.queue, h.keys.page != nil, h.Log.Named("page")
	c.Handlers = map[string]http.Handler{"/metrics": h.metrics.Handler()}
	if h.Profiles != nil {
		c.Handlers[profilePath] = h.Profiles
	}
	if h.isPageRemote() {
		c.Token = h.keys.operator.Token
	}
	h.page = page.New(c)
	// In HTTP/2 a write deadline that passes between two writes would end the answer, such as
	// a stream of events that has nothing to send.
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	h.pageServer = &http.Server{
		Handler: h.page, TLSConfig: h.keys.page, Protocols: protocols,
		ReadHeaderTimeout: pageHeaderTimeout, ReadTimeout: pageReadTimeout, WriteTimeout: pageWriteTimeout,
		IdleTimeout: pageIdleTimeout, MaxHeaderBytes: pageHeaderBytes,
		ErrorLog: h.Log.Named("page").StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	listener := netutil.LimitListener(h.http, pageConnections)
	services.Go(func() (err error) {
		if h.keys.page != nil {
			err = h.pageServer.ServeTLS(listener, "", "")
		} else {
			err = h.pageServer.Serve(listener)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
}

// ShowFolder has the page offer the files in the output folder of a sweep, whose grid was run
// with these variables, and name what its configurations are trained on. It must be called
// before Start.
func (h *Host) ShowFolder(sweepID string, f folder.Folder, variables map[string]string, selected func(context.Context, sweep.Configuration) (folder.Selected, error)) {
	h.Page.Folders = map[string]string{sweepID: string(f)}
	h.Page.Variables, h.Page.Selected = variables, selected
}

// stopPage ends the streams of events, gives other answers until ctx ends, and closes all
// connections.
func (h *Host) stopPage(ctx context.Context) {
	if h.pageServer == nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		h.page.Close()
	}()
	select {
	case <-closed:
	case <-ctx.Done(): // a figure is still being drawn
	}
	if h.pageServer.Shutdown(ctx) != nil {
		_ = h.pageServer.Close()
	}
}

// PageURL returns the address of the page for people, "" without a page.
func (h *Host) PageURL() string {
	if h.http == nil {
		return ""
	}
	scheme := "http"
	if h.isPageEncrypted() {
		scheme = "https"
	}
	at := h.http.Addr().String()
	if host, port, err := net.SplitHostPort(at); err == nil && unspecified(host) {
		name, err := os.Hostname()
		if err != nil {
			name = "localhost"
		}
		at = net.JoinHostPort(name, port)
	}
	return scheme + "://" + at + "/"
}

// PageNeedsToken reports whether readers of the page must present the operator's token.
func (h *Host) PageNeedsToken() bool { return h.isPageRemote() }
