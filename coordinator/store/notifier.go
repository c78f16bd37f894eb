package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// notifier implements Changed of queue.Store. Its methods may be called concurrently.
type notifier struct {
	mu      sync.Mutex
	changed chan struct{} // guarded by mu; closed by the next notify
}

func newNotifier() *notifier { return &notifier{changed: make(chan struct{})} }

func (n *notifier) Changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

// notify closes the channel that Changed has returned since the last notify.
func (n *notifier) notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// channel is PostgreSQL's notification channel of all coordinators of a database. The
// payload is the name of the store whose transaction was announced.
const channel = "spiqsweep"

const (
	// listenRetry is the pause before each attempt to reconnect the listener.
	listenRetry = time.Second
	// listenCheck is how long the listener waits for a notification before it pings the
	// server.
	listenCheck = 15 * time.Second
)

// connectListener opens a connection that receives notifications.
func (s *postgresStore) connectListener(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// listen passes the notifications of other stores on, until the context ends. It
// reconnects after a lost connection, and then notifies once, since it may have missed
// some.
func (s *postgresStore) listen(ctx context.Context, conn *pgx.Conn) {
	for {
		s.receive(ctx, conn)
		if conn = s.reconnectListener(ctx); conn == nil {
			return
		}
		s.notify()
	}
}

// reconnectListener tries to connect until it succeeds. It returns nil when the context
// ends.
func (s *postgresStore) reconnectListener(ctx context.Context) *pgx.Conn {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(listenRetry):
		}
		if conn, err := s.connectListener(ctx); err == nil { // calls report errors
			return conn
		}
	}
}

// receive passes notifications on until the connection is lost, then closes it.
func (s *postgresStore) receive(ctx context.Context, conn *pgx.Conn) {
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		sender, err := s.nextSender(ctx, conn)
		if err != nil {
			return
		}
		if sender != s.name {
			s.notify()
		}
	}
}

// nextSender waits for a notification and returns the name of the store that sent it.
// If none comes for listenCheck, it pings the server and returns the name of s.
func (s *postgresStore) nextSender(ctx context.Context, conn *pgx.Conn) (string, error) {
	waiting, cancel := context.WithTimeout(ctx, listenCheck)
	defer cancel()
	n, err := conn.WaitForNotification(waiting)
	if err == nil {
		return n.Payload, nil
	}
	if waiting.Err() == nil || ctx.Err() != nil {
		return "", err
	}
	checking, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return s.name, conn.Ping(checking)
}
