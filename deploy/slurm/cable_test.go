//go:build linux

package slurm

import (
	"io"
	"net"
	"sync"
	"testing"
)

// cable forwards connections to a coordinator, until it is cut.
type cable struct {
	listener net.Listener
	to       string

	mu          sync.Mutex // guards the fields below
	isCut       bool
	connections []net.Conn
}

// newCable returns a cable to an address, which the end of the test removes.
func newCable(t *testing.T, to string) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: listener, to: to}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go c.forward(from)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		c.cut()
	})
	return c
}

func (c *cable) address() string { return c.listener.Addr().String() }

// forward copies between a connection and a new one to the coordinator until one ends.
func (c *cable) forward(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer to.Close()
	c.mu.Lock()
	if c.isCut {
		c.mu.Unlock()
		return
	}
	c.connections = append(c.connections, from, to)
	c.mu.Unlock()
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
}

// cut ends all connections, and refuses further ones.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	for _, connection := range c.connections {
		_ = connection.Close()
	}
	c.connections = nil
}

// repair forwards further connections.
func (c *cable) repair() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = false
}
