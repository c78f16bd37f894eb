package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is where commits announce themselves, with the name of the store that
// made them.
const channel = "spiqsweep"

const (
	// listenAgain is the pause before a lost connection is made again.
	listenAgain = time.Second
	// listenCheck is how long it may be silent before it is tried.
	listenCheck = 15 * time.Second
)

// ear is a connection that hears what is announced.
func (s *postgresStore) ear(ctx context.Context) (*pgx.Conn, error) {
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

// listen rings the bell for what others announce, until the context ends. What
// was announced while its connection was lost it has missed: it rings once when
// there is another.
func (s *postgresStore) listen(ctx context.Context, ear *pgx.Conn) {
	for {
		s.hear(ctx, ear)
		if ear = s.earAgain(ctx); ear == nil {
			return
		}
		s.ring()
	}
}

// earAgain connects as soon as that can be; nil once the context has ended.
func (s *postgresStore) earAgain(ctx context.Context) *pgx.Conn {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(listenAgain):
		}
		if ear, err := s.ear(ctx); err == nil { // calls tell about errors
			return ear
		}
	}
}

// hear listens on a connection until it is lost.
func (s *postgresStore) hear(ctx context.Context, ear *pgx.Conn) {
	defer ear.Close(context.WithoutCancel(ctx))
	for {
		announcer, err := s.next(ctx, ear)
		if err != nil {
			return
		}
		if announcer != s.name {
			s.ring()
		}
	}
}

// next waits for an announcement and says whose it was. If there is none, it tries
// the connection and names this store.
func (s *postgresStore) next(ctx context.Context, conn *pgx.Conn) (string, error) {
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
