package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	lib "modernc.org/sqlite/lib"

	"spiqsweep/coordinator/queue"
	"spiqsweep/simulator/inputfile"
)

// Option changes how a store is opened.
type Option func(*options)

// options are all options. now is nil for the store's default clock.
type options struct{ now func() time.Time }

// WithClock replaces the clock of a store. The default is the system's clock for
// SQLite and the database's clock for PostgreSQL.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

func resolve(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// clock returns the given clock, or the system's.
func (o options) clock() func() time.Time {
	if o.now == nil {
		return time.Now
	}
	return o.now
}

// access is the mode in which a store is opened.
type access int

const (
	readWrite access = iota
	readOnly
	immutable // as readOnly, of a file that cannot change: see isArchived
)

// Open opens the store at an address, creates it if there is none, and migrates its
// schema. The address "postgres://USER@HOST/DATABASE" is a PostgreSQL database, which
// must exist and which several processes may have open. "DIR/FILE" or
// "sqlite://DIR/FILE" is an SQLite file, which the store locks until it is closed.
//
// Open returns ErrInUse immediately if another process has the file open. It returns
// queue.ErrUnavailable, with a message that names the fix, if the file or the database
// cannot be used.
func Open(ctx context.Context, address string, opts ...Option) (queue.Store, error) {
	if Shared(address) {
		return openPostgres(ctx, address, resolve(opts), readWrite)
	}
	path, err := sqlitePath(address)
	if err != nil {
		return nil, err
	}
	o := resolve(opts)
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := refuseForeign(ctx, path); err != nil {
		return nil, err
	}
	createPrivate(path)
	db, err := sql.Open("sqlite", dsn(path, readWrite))
	if err != nil {
		return nil, fault(path, "open", err)
	}
	if err := prepareSQLite(ctx, db); err != nil {
		return nil, abandon(db, path, err)
	}
	writeOwner(path, o.clock()())
	return startSQLite(ctx, db, path, o, true)
}

// OpenReadOnly opens the store at an address for reading: Update returns an error for
// each write. An SQLite file must not be open in a coordinator, and may be on a
// read-only file system. OpenReadOnly returns fs.ErrNotExist if there is no store, and
// the errors of Open.
func OpenReadOnly(ctx context.Context, address string, opts ...Option) (queue.Store, error) {
	if Shared(address) {
		return openPostgres(ctx, address, resolve(opts), readOnly)
	}
	path, err := sqlitePath(address)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, missingError(path)
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	mode := readOnly
	if isArchived(path) {
		mode = immutable
	}
	db, err := sql.Open("sqlite", dsn(path, mode))
	if err != nil {
		return nil, fault(path, "open", err)
	}
	db.SetMaxOpenConns(1)
	if err := checkSQLite(ctx, db); err != nil {
		return nil, abandon(db, path, err)
	}
	return startSQLite(ctx, db, path, resolve(opts), false)
}

// missingError reports that there is no store at a path. It is an fs.ErrNotExist.
type missingError string

func (e missingError) Error() string { return "there is no file " + string(e) }

func (missingError) Unwrap() error { return fs.ErrNotExist }

// checkPath refuses paths on which SQLite would block, or report only "unable to open
// database file".
func checkPath(path string) error {
	parent := filepath.Dir(path)
	problem := ""
	if info, err := os.Stat(path); err == nil {
		switch {
		case info.IsDir():
			problem = "it is a folder: name a file in it, such as " + filepath.Join(path, "sweep.db")
		case !info.Mode().IsRegular():
			problem = "it is not a regular file: name another"
		}
	} else if folder, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		problem = fmt.Sprintf("there is no folder %s: create it, or name another", parent)
	} else if err == nil && !folder.IsDir() {
		problem = fmt.Sprintf("%s is not a folder: name another", parent)
	}
	if problem == "" {
		return nil // after other errors of Stat, SQLite's error is more precise
	}
	return &queue.StoreError{Err: fmt.Errorf("open %s: %s", path, problem)}
}

// isArchived reports whether an SQLite file is complete without a log, and this process
// cannot create one next to it. SQLite then opens the file only if it need not expect
// changes. A coordinator that has the store open keeps a log.
func isArchived(path string) bool {
	for _, log := range []string{path + "-wal", path + "-journal"} {
		if info, err := os.Stat(log); err == nil && info.Size() > 0 {
			return false
		}
	}
	return inputfile.CheckWritable(filepath.Dir(path)) != nil
}

// createPrivate creates the file, if there is none, with access only for its owner,
// since the store contains the IDs of worker processes. SQLite gives its other files
// the same mode. createPrivate ignores errors: SQLite reports them when it opens the
// file.
func createPrivate(path string) {
	if file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = file.Close()
	}
}

// applicationID marks a file as ours in SQLite's header.
const applicationID = 0x73706971 // "spiq"

// prepareSQLite locks the file and migrates its schema.
func prepareSQLite(ctx context.Context, db *sql.DB) error {
	// Never close the one connection, since the lock belongs to it.
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	// This takes the exclusive lock and fails if the file is not writable: SQLite writes
	// the file even if the ID is the same.
	if _, err := db.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; PRAGMA application_id = %d; COMMIT", applicationID)); err != nil {
		return err
	}
	if err := migrate(ctx, db, goose.DialectSQLite3); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, walCheckpoint) // so that a copy of the file alone has the schema
	return err
}

// refuseForeign refuses the file of another program. It reads the file, because a
// connection that can write would already create a log.
func refuseForeign(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // a missing or empty file belongs to no other program
	}
	db, err := sql.Open("sqlite", dsn(path, readOnly))
	if err != nil {
		return fault(path, "open", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := hasStore(ctx, db); err != nil {
		return abandon(db, path, err)
	}
	return fault(path, "close", db.Close())
}

// hasStore reports whether a file has the tables of a store. It returns an error for
// the file of another program.
func hasStore(ctx context.Context, db *sql.DB) (found bool, err error) {
	var id, tables int
	err = db.QueryRowContext(ctx, `
		SELECT (SELECT application_id FROM pragma_application_id), count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END)
		FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(&id, &tables, &found)
	if err == nil && (id != 0 && id != applicationID || id == 0 && tables > 0) {
		err = errors.New("it is the database of another program: name another file for the store")
	}
	return found, err
}

// checkSQLite returns an error unless a file is a store with this program's schema.
func checkSQLite(ctx context.Context, db *sql.DB) error {
	found, err := hasStore(ctx, db)
	if err == nil && !found {
		err = fmt.Errorf("it contains no sweeps: if it is a copy, its log, the file of the same name that ends in -wal, is missing: "+
			"copy both files while no coordinator runs, or restore a backup: %w", fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	return checkVersion(ctx, db, goose.DialectSQLite3)
}

// abandon closes a file that could not be opened, and returns the error for its user.
func abandon(db *sql.DB, path string, err error) error {
	defer db.Close() // last: fault looks at the log, which Close removes
	switch primary(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return inUse(path)
	case 0:
		return fmt.Errorf("open store %s: %w", path, err)
	default:
		return fault(path, "open", err)
	}
}

// dsn returns SQLite's connection string. It contains the pragmas, so that every
// connection has them.
func dsn(path string, a access) string {
	q := url.Values{}
	q.Set("_dqs", "0")
	switch a {
	case immutable:
		q.Set("mode", "ro")
		q.Set("immutable", "1")
		q.Set("_query_only", "1")
	case readOnly:
		q.Set("_query_only", "1")
	case readWrite:
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL")
		// On macOS, fsync alone does not reach the disk. Other systems ignore these.
		q.Add("_pragma", "fullfsync(1)")
		q.Add("_pragma", "checkpoint_fullfsync(1)")
	}
	// This must precede the first access to the log. Then SQLite needs no shared memory.
	q.Add("_pragma", "locking_mode(EXCLUSIVE)")
	q.Add("_pragma", "cache_size(-65536)") // 64 MiB
	// The pages of the log, 32 MiB, after which SQLite copies it into the file. A longer
	// log would save copies of pages that change often, but calls wait for each copy.
	q.Add("_pragma", "wal_autocheckpoint(8192)")
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}
	return u.String()
}
