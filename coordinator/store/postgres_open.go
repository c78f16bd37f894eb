package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"spiqsweep/coordinator/queue"
)

// openPostgres connects to a database, and brings its schema up to date; for
// reading, it checks it.
func openPostgres(ctx context.Context, address string, o options, a access) (queue.Store, error) {
	config, err := configOf(address)
	if err != nil {
		return nil, err
	}
	place := placeOf(config.ConnConfig)
	if err := preparePostgres(ctx, config.ConnConfig, place, a); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault(place, "connect to", err)
	}
	s := &postgresStore{
		bell: newBell(), pool: pool, place: place, name: rand.Text(), now: o.now, writable: a == readWrite,
	}
	ear, err := s.ear(ctx)
	if err != nil {
		pool.Close()
		return nil, fault(place, "connect to", err)
	}
	listening, hush := context.WithCancel(context.Background())
	s.close = sync.OnceValue(func() error { return s.shut(hush) })
	s.busy.Go(func() { s.listen(listening, ear) })
	return s, nil
}

// preparePostgres checks the server and the schema, on a connection of its own.
func preparePostgres(ctx context.Context, config *pgx.ConnConfig, place string, a access) error {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return fault(place, "connect to", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := recent(conn.PgConn().ParameterStatus("server_version")); err != nil {
		return fmt.Errorf("open store: %s: %w", place, err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if a == readOnly {
		err = checkPostgres(ctx, conn, db)
	} else {
		err = migratePostgres(ctx, conn, db)
	}
	if answered(err) {
		return fault(place, "open", err)
	}
	if err != nil {
		return fmt.Errorf("open store: %s: %w", place, err)
	}
	return nil
}

// oldest is the first version of PostgreSQL that has all that is asked of it.
const oldest = 14

// recent refuses a server that is too old.
func recent(version string) error {
	first, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(first); err == nil && major < oldest {
		return fmt.Errorf("the server is PostgreSQL %s: version %d or newer is needed", version, oldest)
	}
	return nil
}

// migratePostgres brings the schema up to date, one coordinator after the other.
// The lock goes with the connection.
func migratePostgres(ctx context.Context, conn *pgx.Conn, db *sql.DB) error {
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(schemaKey)); err != nil {
		return err
	}
	if _, err := oursPostgres(ctx, conn); err != nil {
		return err
	}
	return migrate(ctx, db, goose.DialectPostgres)
}

// checkPostgres wants this program's schema, and makes nothing.
func checkPostgres(ctx context.Context, conn *pgx.Conn, db *sql.DB) error {
	found, err := oursPostgres(ctx, conn)
	if err == nil && !found {
		err = fmt.Errorf("it holds no sweeps: %w", fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	return checkVersion(ctx, db, goose.DialectPostgres)
}

// oursPostgres reports whether a database has the tables of a store, and refuses one of
// another program.
func oursPostgres(ctx context.Context, conn *pgx.Conn) (found bool, err error) {
	var versioned bool
	var others string
	err = conn.QueryRow(ctx, `
		SELECT to_regclass('goose_db_version') IS NOT NULL, to_regclass('records') IS NOT NULL AND to_regclass('planned') IS NOT NULL,
			coalesce((SELECT min(tablename) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version'), '')`).
		Scan(&versioned, &found, &others)
	if err == nil && others != "" && (!versioned || !found) {
		err = fmt.Errorf("it has tables of another program, such as %q: make a database for the sweeps with createdb, and name it in the URL", others)
	}
	return versioned && found, err
}
