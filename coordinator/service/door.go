package service

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
)

// door lets in a limited number of connections, and knows each of them.
type door struct {
	net.Listener
	limits   Limits
	refusals *refusals
	open     *atomic.Int64 // connections
}

// Accept returns a *connection. One beyond the limit is closed at once.
func (d door) Accept() (net.Conn, error) {
	for {
		raw, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if d.open.Add(1) > int64(d.limits.Connections) {
			d.open.Add(-1)
			_ = raw.Close()
			d.refusals.note(crowded, raw.RemoteAddr(), "too many are open")
			continue
		}
		c := &connection{
			Conn: raw, refusals: d.refusals, gone: func() { d.open.Add(-1) },
			calls: rate.NewLimiter(rate.Limit(d.limits.CallsPerSecond), d.limits.CallBurst),
		}
		c.patience = time.AfterFunc(introduction, c.stranger)
		return c, nil
	}
}

// connection is one that was let in.
type connection struct {
	net.Conn
	refusals *refusals
	gone     func()
	once     sync.Once
	calls    *rate.Limiter

	patience *time.Timer  // until a call shows a right token; then stopped
	known    atomic.Bool  // one has, or it is counted that none did
	refused  atomic.Int32 // calls with a wrong one
}

// Write gives up on a peer that does not read. The connection ends with the
// first failure: the server would go on reading for ever.
func (c *connection) Write(p []byte) (n int, err error) {
	if err = c.SetWriteDeadline(time.Now().Add(silence)); err == nil {
		n, err = c.Conn.Write(p)
	}
	if err != nil {
		_ = c.cut()
	}
	return n, err
}

// Close is called by the server, whoever ended the connection.
func (c *connection) Close() error {
	c.patience.Stop()
	if !c.known.Swap(true) {
		c.refusals.counts[strangers].Add(1) // it left by itself
	}
	return c.cut()
}

func (c *connection) cut() error {
	c.once.Do(c.gone)
	return c.Conn.Close()
}

// admitted notes that a call showed a right token.
func (c *connection) admitted() {
	if !c.known.Swap(true) {
		c.patience.Stop()
	}
}

// turnedAway notes that a call did not, and cuts a connection that tries again
// and again.
func (c *connection) turnedAway() {
	if c.refused.Add(1) > maxRefused {
		c.stranger()
	}
}

// stranger cuts a connection that has shown no right token, or wrong ones.
func (c *connection) stranger() {
	if !c.known.Swap(true) {
		c.refusals.note(strangers, c.RemoteAddr(), "no call showed a right token")
	} else if c.refused.Load() <= maxRefused {
		return // a call came in time
	}
	_ = c.cut()
}

// handshake makes the connection of a call known to those who judge the call.
type handshake struct {
	credentials.TransportCredentials
	refusals *refusals
}

// introduced is what they know.
type introduced struct {
	credentials.AuthInfo
	connection *connection
}

// transport is how calls travel: by TLS, or without a configuration as plain text.
func transport(c *tls.Config, r *refusals) credentials.TransportCredentials {
	if c == nil {
		return handshake{insecure.NewCredentials(), r}
	}
	return handshake{credentials.NewTLS(c), r}
}

func (h handshake) Clone() credentials.TransportCredentials {
	return handshake{h.TransportCredentials.Clone(), h.refusals}
}

func (h handshake) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	known, _ := raw.(*connection) // of Accept: nothing else is served
	conn, info, err := h.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		if known != nil {
			known.known.Store(true) // counted here
		}
		h.refusals.note(handshakes, raw.RemoteAddr(), err.Error())
		return nil, nil, err
	}
	return conn, introduced{info, known}, nil
}

// connectionOf returns the connection that a call came by.
func connectionOf(ctx context.Context) *connection {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, _ := caller.AuthInfo.(introduced)
	return info.connection
}
