package protocol

import (
	"errors"
	"sync"

	"google.golang.org/grpc"
)

// ErrClosed is the error of Acquire after Close.
var ErrClosed = errors.New("the client is closed")

// Connections connects to one of several coordinators with the same store, and to the next
// one after a failure. Its methods may be called concurrently.
type Connections struct {
	dial func(address string) (*grpc.ClientConn, error)

	mu        sync.Mutex // guards all below, and Connection.calls
	addresses []string   // the next to dial first
	current   *Connection
	open      map[*Connection]struct{} // not yet closed
	closed    bool
}

// Connection is a gRPC connection to one coordinator, which calls share.
type Connection struct {
	*grpc.ClientConn
	Address string

	pool  *Connections
	calls int // acquired and not released
}

// NewConnections returns a pool that dials an address when it is first needed. There must
// be at least one address.
func NewConnections(addresses []string, dial func(address string) (*grpc.ClientConn, error)) *Connections {
	return &Connections{dial: dial, addresses: addresses, open: map[*Connection]struct{}{}}
}

// Acquire returns the current connection for one call, which must release it.
func (p *Connections) Acquire() (*Connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if p.current == nil {
		address := p.addresses[0]
		connection, err := p.dial(address)
		if err != nil {
			p.rotate()
			return nil, err
		}
		p.current = &Connection{ClientConn: connection, Address: address, pool: p}
		p.open[p.current] = struct{}{}
	}
	p.current.calls++
	return p.current, nil
}

// Release ends a call.
func (c *Connection) Release() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.calls--
	c.closeUnused()
}

// Leave makes new calls use the next address. The connection is closed when its last call
// is released, so that one failed call does not end the others. Even to the same address a
// new connection is made, which does not inherit the back-off of the old one.
func (c *Connection) Leave() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.pool.current == c {
		c.pool.current = nil
		c.pool.rotate()
	}
	c.closeUnused()
}

// Abort is Leave, but ends the other calls on the connection immediately.
func (c *Connection) Abort() {
	c.Leave()
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	_ = c.closeOnce()
}

// Close ends all calls. It may be called more than once.
func (p *Connections) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var faults error
	for c := range p.open {
		faults = errors.Join(faults, c.closeOnce())
	}
	return faults
}

// rotate moves the first address to the end. The caller holds mu.
func (p *Connections) rotate() {
	p.addresses = append(p.addresses[1:len(p.addresses):len(p.addresses)], p.addresses[0])
}

// closeUnused closes a connection that was left and has no calls. The caller holds the pool's mu.
func (c *Connection) closeUnused() {
	if c.calls == 0 && c.pool.current != c {
		_ = c.closeOnce()
	}
}

// closeOnce closes a connection that is open. The caller holds the pool's mu.
func (c *Connection) closeOnce() error {
	if _, open := c.pool.open[c]; !open {
		return nil
	}
	delete(c.pool.open, c)
	return c.Close()
}
