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

// listener limits the number of open connections.
type listener struct {
	net.Listener
	limits   Limits
	refusals *refusals
	open     *atomic.Int64 // connections
}

// Accept returns a *connection. It closes connections beyond the limit.
func (l listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) > int64(l.limits.Connections) {
			l.open.Add(-1)
			_ = raw.Close()
			l.refusals.note(overLimit, raw.RemoteAddr(), "too many are open")
			continue
		}
		c := &connection{
			Conn: raw, refusals: l.refusals, release: func() { l.open.Add(-1) },
			calls: rate.NewLimiter(rate.Limit(l.limits.CallsPerSecond), l.limits.CallBurst),
		}
		c.authTimer = time.AfterFunc(authTimeout, c.closeUnauthenticated)
		return c, nil
	}
}

// connection is an accepted connection. It closes itself unless a call presents a
// valid token in time.
type connection struct {
	net.Conn
	refusals *refusals
	release  func() // frees the connection's place; called once
	once     sync.Once
	calls    *rate.Limiter

	authTimer     *time.Timer  // stopped by the first valid token
	classified    atomic.Bool  // a valid token was presented, or a refusal was counted
	invalidTokens atomic.Int32 // calls with an invalid token
	probes        atomic.Int32 // health checks without a token, which are no intrusion
}

// Write fails if the peer does not read for silenceTimeout. It closes the connection
// after a failure, because the server would otherwise go on reading from it.
func (c *connection) Write(p []byte) (n int, err error) {
	if err = c.SetWriteDeadline(time.Now().Add(silenceTimeout)); err == nil {
		n, err = c.Conn.Write(p)
	}
	if err != nil {
		_ = c.close()
	}
	return n, err
}

// Close closes the connection. The server calls it for each connection, also after
// the peer or this package has closed it.
func (c *connection) Close() error {
	c.authTimer.Stop()
	if !c.classified.Swap(true) && c.probes.Load() == 0 {
		c.refusals.counts[unauthenticatedConnection].Add(1) // the peer left by itself
	}
	return c.close()
}

func (c *connection) close() error {
	c.once.Do(c.release)
	return c.Conn.Close()
}

// tokenAccepted records that a call presented a valid token.
func (c *connection) tokenAccepted() {
	if !c.classified.Swap(true) {
		c.authTimer.Stop()
	}
}

// tokenRejected records that a call presented an invalid token, and closes the
// connection after too many.
func (c *connection) tokenRejected() {
	if c.invalidTokens.Add(1) > maxInvalidTokens {
		c.closeUnauthenticated()
	}
}

// closeUnauthenticated closes a connection that has presented no valid token, or too
// many invalid ones.
func (c *connection) closeUnauthenticated() {
	if !c.classified.Swap(true) {
		if c.probes.Load() == 0 || c.invalidTokens.Load() > 0 {
			c.refusals.note(unauthenticatedConnection, c.RemoteAddr(), "no call showed a right token")
		}
	} else if c.invalidTokens.Load() <= maxInvalidTokens {
		return // a valid token came in time
	}
	_ = c.close()
}

// handshaker counts failed handshakes and attaches the connection to the AuthInfo of
// its calls.
type handshaker struct {
	credentials.TransportCredentials
	refusals *refusals
}

// authInfo carries the connection of a call.
type authInfo struct {
	credentials.AuthInfo
	connection *connection
}

// transport returns credentials for TLS, or for plain text if c is nil.
func transport(c *tls.Config, r *refusals) credentials.TransportCredentials {
	if c == nil {
		return handshaker{insecure.NewCredentials(), r}
	}
	return handshaker{credentials.NewTLS(c), r}
}

func (h handshaker) Clone() credentials.TransportCredentials {
	return handshaker{h.TransportCredentials.Clone(), h.refusals}
}

func (h handshaker) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	accepted, _ := raw.(*connection) // always, since Accept returns nothing else
	conn, info, err := h.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		if accepted != nil {
			accepted.classified.Store(true) // counted here
		}
		h.refusals.note(failedHandshake, raw.RemoteAddr(), err.Error())
		return nil, nil, err
	}
	return conn, authInfo{info, accepted}, nil
}

// connectionOf returns the connection on which a call arrived; nil in tests without
// a network.
func connectionOf(ctx context.Context) *connection {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, _ := caller.AuthInfo.(authInfo)
	return info.connection
}

// remoteAddr returns the address of a call's peer.
func remoteAddr(ctx context.Context) net.Addr {
	if c := connectionOf(ctx); c != nil {
		return c.RemoteAddr()
	}
	return &net.TCPAddr{}
}
