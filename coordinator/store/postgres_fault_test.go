package store_test

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/sweep"
)

// run runs statements on a database, each in its own transaction.
func run(t *testing.T, database string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestPostgresErrorIsOneLine checks the error of a connection, which pgx attempts twice,
// with TLS and without.
func TestPostgresErrorIsOneLine(t *testing.T) {
	_, err := store.Open(ctx, "postgres://me@127.0.0.1:1/x")
	if err == nil || strings.ContainsAny(err.Error(), "\n\t") || !strings.Contains(err.Error(), ": no PostgreSQL server answers there (connection refused): check") ||
		strings.Contains(err.Error(), "dial") {
		t.Errorf("error is %q", err)
	}
	if !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("error is %v, want %v", err, queue.ErrUnavailable)
	}
}

// TestPostgresRefusals checks that errors about an address name the cause and the fix, and
// do not contain the password.
func TestPostgresRefusals(t *testing.T) {
	server := postgres.Start(t)
	run(t, server.URL("postgres"),
		`CREATE ROLE guest LOGIN PASSWORD 'topsecret'`,
		`CREATE DATABASE theirs`,
		`DO $$ BEGIN EXECUTE format('COPY (VALUES (''local all guest scram-sha-256''), (''local all all trust'')) TO %L', current_setting('hba_file')); END $$`,
		`SELECT pg_reload_conf()`)
	as := func(user, database string) string {
		return strings.Replace(server.URL(database), "postgres@", user+"@", 1)
	}
	for name, c := range map[string]struct{ url, want string }{
		"no server":        {"postgres://me:topsecret@127.0.0.1:1/x", "no PostgreSQL server answers"},
		"no such host":     {"postgres://me:topsecret@nowhere.invalid/x", "no PostgreSQL server answers"},
		"wrong password":   {as("guest:topsecrets", "theirs"), "rejects the user or the password"},
		"no password":      {as("guest", "theirs"), "rejects the user or the password"},
		"no such user":     {as("nobody:topsecret", "theirs"), "rejects the user or the password"},
		"no such database": {as("postgres:topsecret", "missing"), "createdb"},
		"no privileges":    {as("guest:topsecret", "theirs"), "grant it CREATE"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, open := range []func(context.Context, string, ...store.Option) (queue.Store, error){store.Open, store.OpenReadOnly} {
				s, err := open(ctx, c.url)
				if err == nil {
					s.Close()
				}
				if name == "no privileges" && errors.Is(err, fs.ErrNotExist) {
					continue // reading needs no privilege
				}
				if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "topsecret") {
					t.Errorf("error = %v: want %q, and no password", err, c.want)
				}
			}
		})
	}
	for _, url := range []string{
		"postgres://me:topsecret@host:port/x", "postgres://me:topsecret@host/x?sslmode=maybe", "postgres://me:top%secret@host/x",
		"postgres://me:topsecret@host", "postgres://me:topsecret@host/",
		"postgres://me@host/x?password=topsecret&pool_max_conns=many", "postgres://me:topsecret@host/x?connect_timeout=soon",
	} {
		if _, err := store.Open(ctx, url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) = %v", url, err)
		}
	}
}

// TestPostgresRestarts stops and kills a server. Calls must return advice until it runs
// again. Then acknowledged data must be there, and waiting callers must be woken.
func TestPostgresRestarts(t *testing.T) {
	server := postgres.Start(t)
	s := open(t, server.URL("postgres"))
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	for i, down := range []func() error{server.Stop, server.Kill} {
		digest := strconv.Itoa(i)
		if err := q.PutRecording(ctx, digest, []byte("body")); err != nil {
			t.Fatal(err)
		}
		changed := s.Changed()
		if err := down(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			err := q.PutRecording(ctx, "lost", nil)
			if !errors.Is(err, queue.ErrUnavailable) {
				t.Errorf("without a server: %v", err)
			}
		}
		if err := q.PutRecording(ctx, "lost", nil); err == nil || !strings.Contains(err.Error(), "check that the server runs") {
			t.Errorf("without a server: %v: want advice", err)
		}
		if err := server.Start(ctx); err != nil {
			t.Fatal(err)
		}
		for try := 0; ; try++ { // each call finds at most one broken connection
			_, err := q.Recording(ctx, digest)
			if err == nil {
				break
			}
			if !errors.Is(err, queue.ErrUnavailable) || try == 50 {
				t.Fatalf("with a server again: %v", err)
			}
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			t.Error("waiting callers were not woken after the reconnection")
		}
	}
}

// TestPostgresFrozenCoordinator freezes a coordinator during a transaction. The server must
// disconnect it and roll back, and others must continue.
func TestPostgresFrozenCoordinator(t *testing.T) {
	database := postgres.Database(t)
	frozen, live := open(t, database), open(t, database)
	defer frozen.Close()
	defer live.Close()
	running, proceed := make(chan struct{}), make(chan struct{})
	answer := make(chan error)
	go func() {
		answer <- frozen.Update(ctx, &queue.Claim{Process: "process"}, func(tx queue.Tx) error {
			err := tx.PutRecording("frozen", nil)
			if _, _, readErr := tx.Recording("frozen"); readErr != nil {
				return readErr
			}
			close(running)
			<-proceed
			return err
		})
	}()
	<-running
	if err := queue.New(live, queue.Policy{}).Tick(ctx); err != nil {
		t.Errorf("the live coordinator: %v", err)
	}
	close(proceed)
	if err := <-answer; !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("the frozen coordinator: %v: want %v", err, queue.ErrUnavailable)
	}
	if _, err := queue.New(live, queue.Policy{}).Recording(ctx, "frozen"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("its uncommitted recording: %v: want %v", err, queue.ErrUnknown)
	}
}

// TestPostgresDeadlock checks that a call runs again after PostgreSQL has rolled it back to
// end a deadlock.
func TestPostgresDeadlock(t *testing.T) {
	database := postgres.Database(t)
	s := open(t, database)
	defer s.Close()
	var first, both sync.WaitGroup
	first.Add(2)
	runs := make(chan struct{}, 10)
	put := func(a, b string) {
		waited := false
		err := s.Update(ctx, &queue.Claim{}, func(tx queue.Tx) error {
			runs <- struct{}{}
			err := tx.PutRecording(a, nil)
			_, _, readErr := tx.Recording(a) // sends the write
			if !waited {
				waited = true
				first.Done()
				first.Wait()
			}
			return errors.Join(err, readErr, tx.PutRecording(b, nil))
		})
		if err != nil {
			t.Error(err)
		}
	}
	both.Go(func() { put("a", "b") })
	both.Go(func() { put("b", "a") })
	both.Wait()
	if n := len(runs); n < 3 { // more if the call runs again before the other goes on
		t.Errorf("%d runs: want 3 or more", n)
	}
}

// TestPostgresMigratesOnce starts several coordinators concurrently on an empty database.
func TestPostgresMigratesOnce(t *testing.T) {
	database := postgres.Database(t)
	if _, err := store.OpenReadOnly(ctx, database); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenReadOnly of an empty database = %v: want %v", err, fs.ErrNotExist)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := store.Open(ctx, database)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := queue.New(s, queue.Policy{}).Sweeps(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s, err := store.OpenReadOnly(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := queue.New(s, queue.Policy{}).PutRecording(ctx, "digest", nil); err == nil {
		t.Error("a write succeeded in a store that is open for reading")
	}
}

// TestPostgresTexts checks that a worker's text with NUL or invalid UTF-8, which PostgreSQL
// cannot store, does not make calls fail.
func TestPostgresTexts(t *testing.T) {
	clock := queuetest.NewClock()
	s := open(t, postgres.Database(t), store.WithClock(clock.Now))
	f := queuetest.NewFixture(t, func(func() time.Time) queue.Store { return s }, queue.Policy{})
	defer f.Close()
	f.Plan("A", queuetest.Plan(0, 1, 10))
	w := f.Worker(1)
	w.Host = "a\x00b\xff"
	lease := w.Take()
	w.Sync(queuetest.Failed(lease, "NaN\x00\xff"))
	a := f.Attempts(lease.Task)[0]
	if a.Reason != "NaN\uFFFD\uFFFD" || a.Host != "a\uFFFDb\uFFFD" {
		t.Errorf("stored %q on host %q", a.Reason, a.Host)
	}
	r := w.Request(queuetest.Finished(queue.Lease{Task: sweep.TaskID("\x00"), Attempt: 1}, 0))
	if v := w.Call(r).Verdicts; v[0].Judgement != queue.JudgedInvalid {
		t.Errorf("verdict: %+v", v)
	}
}

func TestPostgresTooOld(t *testing.T) {
	for version, old := range map[string]bool{
		"9.6.24": true, "13.22 (Debian 13.22-1)": true, "14.1": false, "15.18 (Debian 15.18-0+deb12u1)": false, "18beta1": false,
	} {
		if err := store.CheckServerVersion(version); (err != nil) != old || old && !strings.Contains(err.Error(), "14 or newer") {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// TestPostgresForeignDatabase checks that the database of another program is refused and
// left unchanged.
func TestPostgresForeignDatabase(t *testing.T) {
	database := postgres.Database(t)
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `CREATE TABLE customers (id int)`); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func(context.Context, string, ...store.Option) (queue.Store, error){store.Open, store.OpenReadOnly} {
		if _, err := open(ctx, database); err == nil || !strings.Contains(err.Error(), `tables of another program, such as "customers"`) {
			t.Errorf("error = %v", err)
		}
	}
	var tables int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables); err != nil || tables != 1 {
		t.Errorf("%d tables, %v", tables, err)
	}
}

// TestPostgresAdvice checks the advice for a cancelled statement and for a missing table,
// and that the queue shows it as a warning.
func TestPostgresAdvice(t *testing.T) {
	database := postgres.Database(t)
	s := open(t, database)
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	admin, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	err = s.Update(ctx, nil, func(tx queue.Tx) error {
		if _, err := tx.Sweeps(); err != nil {
			return err
		}
		hold, err := admin.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = hold.Rollback(ctx) }()
		if _, err := hold.Exec(ctx, `LOCK TABLE recordings`); err != nil {
			return err
		}
		cancel := make(chan error, 1)
		go func() { cancel <- cancelWaiting(database) }()
		_, _, err = tx.Recording("digest")
		return cmp.Or(<-cancel, err)
	})
	if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "statement_timeout = 0") {
		t.Errorf("a cancelled statement: %v", err)
	}
	if _, err := admin.Exec(ctx, `DROP TABLE recordings`); err != nil {
		t.Fatal(err)
	}
	err = q.PutRecording(ctx, "digest", nil)
	if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "restore a backup if there is one") {
		t.Errorf("without a table: %v", err)
	}
	if warnings := q.Warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "restore a backup") || strings.Contains(warnings[0], "\n") {
		t.Errorf("warnings: %q", warnings)
	}
}

// cancelWaiting waits until a coordinator's statement waits for a lock, then cancels it.
func cancelWaiting(database string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for {
		var cancelled bool
		err := conn.QueryRow(ctx, `SELECT coalesce(bool_or(pg_cancel_backend(pid)), false) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'spiqsweep' AND wait_event_type = 'Lock' AND wait_event = 'relation'`).Scan(&cancelled)
		if err != nil || cancelled {
			return err
		}
	}
}

// TestPostgresRecreatedDatabase drops and recreates a database while its coordinator runs.
// The errors must contain advice, and a new coordinator must create the tables again.
func TestPostgresRecreatedDatabase(t *testing.T) {
	server := postgres.Start(t)
	admin, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, `CREATE DATABASE sweeps`); err != nil {
		t.Fatal(err)
	}
	s := open(t, server.URL("sweeps"))
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	for _, step := range []struct{ statement, want string }{
		{`DROP DATABASE sweeps WITH (FORCE)`, "create it with createdb"},
		{`CREATE DATABASE sweeps`, "starts from the beginning"},
	} {
		if _, err := admin.Exec(ctx, step.statement); err != nil {
			t.Fatal(err)
		}
		for try := 0; ; try++ { // each call finds at most one broken connection
			_, err := q.Sweeps(ctx)
			if err != nil && strings.Contains(err.Error(), step.want) {
				break
			}
			if err == nil || try == 50 {
				t.Fatalf("after %s: %v: want %q", step.statement, err, step.want)
			}
		}
	}
	if err := open(t, server.URL("sweeps")).Close(); err != nil {
		t.Error(err)
	}
}
