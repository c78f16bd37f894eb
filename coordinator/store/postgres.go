package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"spiqsweep/coordinator/queue"
)

// postgresStore is the store in a PostgreSQL database, as one of its coordinators.
type postgresStore struct {
	*notifier
	pool      *pgxpool.Pool
	place     string           // describes the database in messages
	name      string           // random; tells this store's notifications from others'
	now       func() time.Time // nil for the database's clock
	writable  bool
	closeOnce func() error // calls stop once

	mu      sync.Mutex
	closed  bool           // guarded by mu
	running sync.WaitGroup // the calls and the listener; none is added after closed is set
	groups  int            // number of those that run; guarded by mu
	waiting []*claimedCall // for the next groups, in the order of their arrival; guarded by mu
}

func (s *postgresStore) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	if claim == nil || !s.writable {
		return s.submit(ctx, call, s.writable)
	}
	p := &claimedCall{ctx: ctx, claim: *claim, call: call, answer: make(chan outcome, 1)}
	if !s.join(p) {
		return errClosed
	}
	return await(ctx, p.answer)
}

func (s *postgresStore) View(ctx context.Context, call func(queue.Tx) error) error {
	return s.submit(ctx, call, false)
}

// submit runs a call on a separate connection in a separate goroutine. When the context
// ends, submit returns, and the call completes without interruption.
func (s *postgresStore) submit(ctx context.Context, call func(queue.Tx) error, writes bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.enter() {
		return errClosed
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		s.running.Done()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault(s.place, "connect to", err)
	}
	answer := make(chan outcome, 1)
	go func() {
		defer s.running.Done()
		defer conn.Release()
		answer <- s.retry(ctx, conn.Conn(), nil, call, writes)
	}()
	return await(ctx, answer)
}

// await waits for the answer to a call, or until the caller's context ends.
func await(ctx context.Context, answer <-chan outcome) error {
	select {
	case o := <-answer:
		if o.panic != nil {
			panic(o.panic)
		}
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter adds a call to running and returns true, unless the store is closed.
func (s *postgresStore) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.running.Add(1)
	}
	return !s.closed
}

// maxTries bounds how often retry runs a call.
const maxTries = 8

// retry runs a call, again if PostgreSQL rolls it back because of a concurrent
// transaction.
func (s *postgresStore) retry(ctx context.Context, conn *pgx.Conn, claim *queue.Claim, call func(queue.Tx) error, writes bool) outcome {
	for try := 1; ; try++ {
		o := s.transact(conn, claim, call, writes)
		if o.err == nil || !isConflict(o.err) || try == maxTries {
			return o
		}
		select {
		case <-time.After(mathrand.N(time.Duration(try) * 10 * time.Millisecond)):
		case <-ctx.Done():
			return outcome{err: ctx.Err()}
		}
	}
}

// transact runs a call in one transaction.
func (s *postgresStore) transact(conn *pgx.Conn, claim *queue.Claim, call func(queue.Tx) error, writes bool) (o outcome) {
	tx := s.begin(conn, writes)
	if claim != nil {
		o.err = tx.claim(*claim)
	}
	if o.err == nil {
		o = protect(call, tx)
	}
	if o.err == nil {
		o.err = tx.commit()
	}
	if o.err != nil {
		tx.rollBack()
		return o
	}
	if tx.announced {
		s.notify()
	}
	return o
}

func (s *postgresStore) Close() error { return s.closeOnce() }

// stop waits for running calls, then closes the connections.
func (s *postgresStore) stop(stopListening func()) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	stopListening()
	s.running.Wait()
	s.pool.Close()
	return nil
}

// openPostgres connects to a database. It migrates the schema, or checks it if the
// store is opened for reading.
func openPostgres(ctx context.Context, address string, o options, a access) (queue.Store, error) {
	config, err := poolConfig(address)
	if err != nil {
		return nil, err
	}
	place := describeDatabase(config.ConnConfig)
	if err := preparePostgres(ctx, config.ConnConfig, place, a); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault(place, "connect to", err)
	}
	s := &postgresStore{
		notifier: newNotifier(), pool: pool, place: place, name: rand.Text(), now: o.now, writable: a == readWrite,
	}
	listener, err := s.connectListener(ctx)
	if err != nil {
		pool.Close()
		return nil, fault(place, "connect to", err)
	}
	listening, stopListening := context.WithCancel(context.Background())
	s.closeOnce = sync.OnceValue(func() error { return s.stop(stopListening) })
	s.running.Go(func() { s.listen(listening, listener) })
	return s, nil
}

const (
	// maxConns is the number of concurrent transactions of one coordinator, unless the
	// URL has pool_max_conns.
	maxConns = 16
	// connectTimeout bounds an attempt to connect, unless the URL has connect_timeout.
	connectTimeout = 5 * time.Second
)

// connectionSettings apply to every connection. A transaction that waits for a lock of
// a frozen coordinator gets it, because the server disconnects the frozen one first.
const connectionSettings = `
	SET synchronous_commit = on;
	SET lock_timeout = '5s';
	SET idle_in_transaction_session_timeout = '3s';
	DO $$ BEGIN
		PERFORM set_config('client_connection_check_interval', '1s', false);
	EXCEPTION WHEN invalid_parameter_value OR undefined_object THEN NULL; -- not supported by a server on Windows
	END $$`

// planByIndex is the first statement of every transaction. It makes the planner use
// the indexes, for which all statements are written, although it has no statistics yet
// of a table that has just been filled. The settings end with the transaction, since a
// connection pooler may lend the connection to other programs.
const planByIndex = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
	set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)`

// poolConfig parses the URL of a database.
func poolConfig(address string) (*pgxpool.Config, error) {
	u, err := url.Parse(address)
	if err != nil { // the error quotes the password
		return nil, errors.New("store: the URL cannot be parsed: give postgres://USER@HOST/DATABASE, with special characters as %XX")
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("store %q: %s", redact(address, u), redact(explainURL(u, err), u))
	}
	if !u.Query().Has("pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.PingTimeout = connectTimeout
	var connections atomic.Int64
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		conn.PgConn().CustomData()[shardOf] = connections.Add(1) % shards
		_, err := conn.Exec(ctx, connectionSettings)
		return err
	}
	c := config.ConnConfig
	if c.Database == "" {
		return nil, fmt.Errorf("store %q: the URL names no database: give postgres://USER@HOST/DATABASE", redact(address, u))
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	if _, named := c.RuntimeParams["application_name"]; !named {
		c.RuntimeParams["application_name"] = "spiqsweep"
	}
	return config, nil
}

// urlParameters are the parameters of a URL that must be numbers or times, with what they
// must be.
var urlParameters = map[string]string{
	"connect_timeout":               "a number of seconds, 0 or more",
	"pool_max_conns":                "a whole number, 1 or more",
	"pool_min_conns":                "a whole number, 0 or more",
	"pool_min_idle_conns":           "a whole number, 0 or more",
	"pool_max_conn_lifetime":        aDuration,
	"pool_max_conn_lifetime_jitter": aDuration,
	"pool_max_conn_idle_time":       aDuration,
	"pool_health_check_period":      aDuration,
	"pool_ping_timeout":             aDuration,
}

const aDuration = "a time with its unit, such as 90s or 5m"

// explainURL returns what is wrong with the URL of a database, and the fix.
func explainURL(u *url.URL, err error) string {
	_, fault, found := strings.Cut(err.Error(), "`: ") // after the URL
	if !found {
		fault = err.Error()
	}
	for _, word := range strings.Fields(fault) {
		if must := urlParameters[word]; must != "" && u.Query().Has(word) { // else of the environment
			return fmt.Sprintf("%s = %q: must be %s", word, u.Query().Get(word), must)
		}
	}
	switch {
	case strings.Contains(fault, "sslmode"):
		return fault + ": give disable, allow, prefer, require, verify-ca or verify-full"
	case strings.Contains(fault, "invalid port"):
		return fault + ": give a port from 1 to 65535, or none for 5432"
	default:
		return fault + ": give postgres://USER@HOST:PORT/DATABASE?PARAMETER=VALUE, with the parameters of PostgreSQL's connection URLs"
	}
}

// preparePostgres checks the server, and migrates or checks the schema, on a separate
// connection.
func preparePostgres(ctx context.Context, config *pgx.ConnConfig, place string, a access) error {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return fault(place, "connect to", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkServerVersion(conn.PgConn().ParameterStatus("server_version")); err != nil {
		return fmt.Errorf("open store: %s: %w", place, err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if a == readOnly {
		err = checkPostgres(ctx, conn, db)
	} else {
		err = migratePostgres(ctx, conn, db)
	}
	if fromPostgres(err) {
		return fault(place, "open", err)
	}
	if err != nil {
		return fmt.Errorf("open store: %s: %w", place, err)
	}
	return nil
}

// minServerVersion is the oldest version of PostgreSQL with all features that the store
// uses.
const minServerVersion = 14

// checkServerVersion returns an error if a server is too old.
func checkServerVersion(version string) error {
	first, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(first); err == nil && major < minServerVersion {
		return fmt.Errorf("the server is PostgreSQL %s: version %d or newer is needed", version, minServerVersion)
	}
	return nil
}

// migratePostgres migrates the schema. Coordinators that start together do it one after
// the other: each holds the lock until preparePostgres closes conn.
func migratePostgres(ctx context.Context, conn *pgx.Conn, db *sql.DB) error {
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(schemaKey)); err != nil {
		return err
	}
	if _, err := hasPostgresStore(ctx, conn); err != nil {
		return err
	}
	return migrate(ctx, db, goose.DialectPostgres)
}

// checkPostgres returns an error unless a database has a store with this program's
// schema.
func checkPostgres(ctx context.Context, conn *pgx.Conn, db *sql.DB) error {
	found, err := hasPostgresStore(ctx, conn)
	if err == nil && !found {
		err = fmt.Errorf("it contains no sweeps: %w", fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	return checkVersion(ctx, db, goose.DialectPostgres)
}

// hasPostgresStore reports whether a database has the tables of a store. It returns an
// error for the database of another program.
func hasPostgresStore(ctx context.Context, conn *pgx.Conn) (found bool, err error) {
	var versioned bool
	var others string
	err = conn.QueryRow(ctx, `
		SELECT to_regclass('goose_db_version') IS NOT NULL, to_regclass('records') IS NOT NULL AND to_regclass('planned') IS NOT NULL,
			coalesce((SELECT min(tablename) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version'), '')`).
		Scan(&versioned, &found, &others)
	if err == nil && others != "" && (!versioned || !found) {
		err = fmt.Errorf("it has tables of another program, such as %q: create a database for the sweeps with createdb, and name it in the URL", others)
	}
	return versioned && found, err
}
