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
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	lib "modernc.org/sqlite/lib"

	"spiqsweep/coordinator/queue"
)

// Open opens the store of an address, creates it if need be, and brings its schema
// up to date. "postgres://USER@HOST/DATABASE" is a PostgreSQL database, which must
// exist and which several processes may have open. "DIR/FILE" or
// "sqlite://DIR/FILE" is an SQLite file, whose lock is held until it is closed.
//
// Errors: ErrInUse, at once, if another process has the file open;
// queue.ErrUnavailable with a sentence on what to do if the file or the database
// cannot be used.
func Open(ctx context.Context, address string, opts ...Option) (queue.Store, error) {
	if Shared(address) {
		return openPostgres(ctx, address, resolve(opts), readWrite)
	}
	path, err := pathOf(address)
	if err != nil {
		return nil, err
	}
	o := resolve(opts)
	if err := openable(path); err != nil {
		return nil, err
	}
	if err := identify(ctx, path); err != nil {
		return nil, err
	}
	createPrivately(path)
	db, err := sql.Open("sqlite", dsn(path, readWrite))
	if err != nil {
		return nil, fault(path, "open", err)
	}
	if err := prepare(ctx, db); err != nil {
		return nil, refuse(db, path, err)
	}
	sign(path, o.clock()())
	return start(ctx, db, path, o, true)
}

// createPrivately makes the file if it does not exist, for its owner alone: it names
// worker processes. SQLite gives the files beside it the same mode. What is wrong if
// it cannot be made, SQLite says.
func createPrivately(path string) {
	if file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = file.Close()
	}
}

// Shared says whether an address is of a kind that several processes may have open.
func Shared(address string) bool {
	scheme, _, _ := strings.Cut(address, "://")
	return scheme == "postgres" || scheme == "postgresql"
}

// OpenReadOnly opens the store of an address for reading: an SQLite file only
// while no coordinator has it open. Update fails. Errors: fs.ErrNotExist; those of
// Open.
func OpenReadOnly(ctx context.Context, address string, opts ...Option) (queue.Store, error) {
	if Shared(address) {
		return openPostgres(ctx, address, resolve(opts), readOnly)
	}
	path, err := pathOf(address)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := openable(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, readOnly))
	if err != nil {
		return nil, fault(path, "open", err)
	}
	db.SetMaxOpenConns(1)
	if err := checkFile(ctx, db); err != nil {
		return nil, refuse(db, path, err)
	}
	return start(ctx, db, path, resolve(opts), false)
}

// openable refuses paths that SQLite would wait at, or describe as "unable to open
// database file".
func openable(path string) error {
	parent := filepath.Dir(path)
	why := ""
	if info, err := os.Stat(path); err == nil {
		switch {
		case info.IsDir():
			why = "it is a folder: name a file in it, such as " + filepath.Join(path, "sweep.db")
		case !info.Mode().IsRegular():
			why = "it is no regular file: name another"
		}
	} else if folder, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		why = fmt.Sprintf("there is no folder %s: create it, or name another", parent)
	} else if err == nil && !folder.IsDir() {
		why = fmt.Sprintf("%s is no folder: name another", parent)
	}
	if why == "" {
		return nil // or SQLite's error says more
	}
	return &queue.StoreError{Err: fmt.Errorf("open %s: %s", path, why)}
}

// applicationID is the name by which other programs know our files.
const applicationID = 0x73706971 // "spiq"

// prepare takes the lock and migrates. The one connection is never given back,
// since the lock would go with it.
func prepare(ctx context.Context, db *sql.DB) error {
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	// Takes the exclusive lock, and finds out whether the file may be written: this is
	// a write even if it changes nothing.
	if _, err := db.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; PRAGMA application_id = %d; COMMIT", applicationID)); err != nil {
		return err
	}
	if err := migrate(ctx, db, goose.DialectSQLite3); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, checkpointLog) // a copy of the file alone has the schema from now on
	return err
}

// identify refuses the file of another program before a connection for writing changes
// it: that would begin a log.
func identify(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // there is nothing that is another's
	}
	db, err := sql.Open("sqlite", dsn(path, readOnly))
	if err != nil {
		return fault(path, "open", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := ours(ctx, db); err != nil {
		return refuse(db, path, err)
	}
	return fault(path, "close", db.Close())
}

// ours reports whether a file has the tables of a store, and refuses one of another program.
func ours(ctx context.Context, db *sql.DB) (found bool, err error) {
	var id, tables int
	err = db.QueryRowContext(ctx, `
		SELECT (SELECT application_id FROM pragma_application_id), count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END)
		FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).Scan(&id, &tables, &found)
	if err == nil && (id != 0 && id != applicationID || id == 0 && tables > 0) {
		err = errors.New("it is the database of another program: name another file for the store")
	}
	return found, err
}

// checkFile wants the tables of a store, of this program's schema.
func checkFile(ctx context.Context, db *sql.DB) error {
	found, err := ours(ctx, db)
	if err == nil && !found {
		err = fmt.Errorf("it holds no sweeps: if it is a copy, it was made without its log, the file of the same name that ends in -wal: "+
			"copy both while no coordinator runs, or restore a backup: %w", fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	return checkVersion(ctx, db, goose.DialectSQLite3)
}

func refuse(db *sql.DB, path string, err error) error {
	_ = db.Close()
	switch primary(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return inUse(path)
	case 0:
		return fmt.Errorf("open store %s: %w", path, err)
	default:
		return fault(path, "open", err)
	}
}

// pathOf reads the address of a store.
func pathOf(address string) (string, error) {
	scheme, rest, found := strings.Cut(address, "://")
	switch {
	case address == ":memory:":
		return "", errors.New("store \":memory:\": a store must outlive its coordinator: name a file")
	case !found && slices.Contains([]string{"postgres", "postgresql", "sqlite", "file"}, before(address, ":")):
		return "", fmt.Errorf("store %q: two slashes are missing: give the path of an SQLite file, or postgres://USER@HOST/DATABASE", WithoutPassword(address))
	case !found && keywords(address):
		return "", errors.New("store: a list of keywords is not taken: give a URL, postgres://USER@HOST/DATABASE, and the password in PGPASSWORD or ~/.pgpass")
	case !found:
		rest = address
	case scheme != "sqlite":
		return "", fmt.Errorf("store %q: the scheme %q is not known: give the path of an SQLite file, or postgres://USER@HOST/DATABASE", WithoutPassword(address), scheme)
	}
	if rest == "" {
		return "", fmt.Errorf("store %q: it names no file", address)
	}
	path, err := filepath.Abs(filepath.FromSlash(rest))
	if err != nil {
		return "", fmt.Errorf("store %q: %w", address, err)
	}
	return path, nil
}

// before is the part of a text before a separator; "" without one.
func before(text, separator string) string {
	first, _, found := strings.Cut(text, separator)
	if !found {
		return ""
	}
	return first
}

// keywords says whether an address is a connection string of PostgreSQL's other
// kind, in which there may be a password.
func keywords(address string) bool {
	return slices.ContainsFunc(strings.Fields(address), func(word string) bool {
		keyword, _, assigned := strings.Cut(word, "=")
		return assigned && slices.Contains([]string{"host", "hostaddr", "port", "dbname", "user", "password", "service"}, keyword)
	})
}

// ShowsPassword says whether an address holds a password: whoever lists the
// machine's processes reads it on a command line.
func ShowsPassword(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	_, given := u.User.Password()
	return given || slices.ContainsFunc(secrets, u.Query().Has)
}

// secrets are the parameters of an address that are passwords.
var secrets = []string{"password", "sslpassword"}

// WithoutPassword is an address as it may be shown: whoever takes it from there
// gives the password in PGPASSWORD or ~/.pgpass. What shows none is as it was.
func WithoutPassword(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil && strings.Contains(address, "://"):
		return "(unreadable)"
	case !ShowsPassword(address):
		return address
	}
	name := u.User.Username()
	u.User = nil
	if name != "" {
		u.User = url.User(name)
	}
	query := u.Query()
	for _, secret := range secrets {
		query.Del(secret)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

type access int

const (
	readWrite access = iota
	readOnly
)

// dsn is the connection string: the pragmas are part of it, so that no
// connection is ever without them. The locking mode comes before the first
// access to the log: only then does it do without shared memory. On macOS,
// fullfsync makes fsync reach the disk; elsewhere it means nothing.
func dsn(path string, a access) string {
	q := url.Values{}
	q.Set("_dqs", "0")
	if a == readOnly {
		q.Set("_query_only", "1")
	} else {
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL")
		q.Add("_pragma", "fullfsync(1)")
		q.Add("_pragma", "checkpoint_fullfsync(1)")
	}
	q.Add("_pragma", "locking_mode(EXCLUSIVE)")
	q.Add("_pragma", "cache_size(-65536)") // 64 MiB
	// A page that changes again and again is copied out of the log once in so
	// many pages of it, 32 MiB: more would save work, but calls wait meanwhile.
	q.Add("_pragma", "wal_autocheckpoint(8192)")
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}
	return u.String()
}
