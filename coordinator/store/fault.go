package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"spiqsweep/coordinator/queue"
	"spiqsweep/simulator/inputfile"
)

// ErrInUse means that another process has the store open.
var ErrInUse = errors.New("the store is in use")

// fault returns a queue.StoreError for an error of a database, with advice if the
// cause is known. act is what failed ("commit to"), place the file or the database.
// Where the advice tells all, only StoreError.Cause has the database's own message.
func fault(place, act string, err error) error {
	if err == nil {
		return nil
	}
	err = oneLine{err}
	e := &queue.StoreError{Cause: err, Partial: partial(err), Fatal: atFileSizeLimit(place, err)}
	advice, complete := adviseSQLite(place, err)
	if advice == "" {
		advice, complete = advisePostgres(err)
	}
	switch e.Advice = advice; {
	case advice == "":
		e.Err = fmt.Errorf("%s %s: %w", act, place, err)
	case complete:
		e.Err = &advised{fmt.Sprintf("%s %s: %s", act, place, advice), err}
	default:
		e.Err = fmt.Errorf("%s %s: %s: %w", act, place, advice, ofDatabase{err})
	}
	return e
}

// advised prints a message in place of an error's own.
type advised struct {
	message string
	err     error
}

func (e *advised) Error() string { return e.message }

func (e *advised) Unwrap() error { return e.err }

// partial reports whether other calls may succeed where this one failed: on a full or
// failing disk a small commit often fits into blocks that are already allocated.
func partial(err error) bool {
	switch primary(err) {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR:
		return true
	}
	var e *pgconn.PgError
	return errors.As(err, &e) && slices.Contains([]string{"53100", "53200", "57014", "58030", "XX001", "XX002"}, e.Code)
}

// oneLine prints an error in one line without repetitions. pgx reports each attempt to
// connect, with and without TLS and at each address, on a line.
type oneLine struct{ error }

func (e oneLine) Error() string {
	var lines []string
	for line := range strings.Lines(e.error.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.TrimSpace(lines[0] + " " + strings.Join(lines[1:], "; "))
}

func (e oneLine) Unwrap() error { return e.error }

// ofDatabase prints only the database's own part of an error, without the messages that
// libraries between it and the store add.
type ofDatabase struct{ error }

func (e ofDatabase) Error() string {
	var lite *sqlite.Error
	var server *pgconn.PgError
	var connecting *pgconn.ConnectError
	switch {
	case errors.As(e.error, &lite):
		return oneLine{lite}.Error()
	case errors.As(e.error, &server):
		return oneLine{server}.Error()
	case errors.As(e.error, &connecting):
		return oneLine{connecting.Unwrap()}.Error()
	default:
		return e.error.Error()
	}
}

func (e ofDatabase) Unwrap() error { return e.error }

// adviseSQLite returns the cause of an error of the SQLite file at path and the fix, ""
// for other errors, and whether SQLite's own message would add nothing.
func adviseSQLite(path string, err error) (advice string, complete bool) {
	switch primary(err) {
	case lib.SQLITE_FULL:
		return "the disk is full: nothing that was acknowledged is lost; free some space: a coordinator that still runs then continues", true
	case lib.SQLITE_NOTADB:
		return "the file is damaged, or not an SQLite database: restore a copy of it, name another file, or move this one away to start from the beginning", true
	case lib.SQLITE_CORRUPT:
		return "the file is damaged: stop the coordinator and restore a copy of it, or move it away to start from the beginning", true
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		if code(err) == lib.SQLITE_READONLY_DBMOVED {
			return "the file was moved or deleted while it was open: put it back and start the coordinator again", true
		}
		if advice := adviseAccess(path); advice != "" {
			return advice, true
		}
		return "the file is not writable: check its permissions and its folder's, and whether the file system is mounted read-only", false
	case lib.SQLITE_CANTOPEN:
		if advice := adviseAccess(path); advice != "" {
			return advice, true
		}
		return "the file cannot be opened: check that its folder exists, and the permissions of both", false
	case lib.SQLITE_IOERR:
		if atFileSizeLimit(path, err) {
			return fmt.Sprintf("a file may not grow beyond %d bytes, the limit of this process: raise it (`ulimit -f` shows it in blocks), and start the coordinator again", fileSizeLimit()), true
		}
		return "the disk failed, or is full: check it and its quota; nothing that was acknowledged is lost unless the disk lost it", false
	case lib.SQLITE_NOMEM:
		return "there is not enough memory: give the coordinator more", true
	default:
		return "", false
	}
}

// adviseAccess returns the system's reason why this process cannot write to a file or to
// its folder, with the fix, or "". SQLite does not report the reason.
func adviseAccess(path string) string {
	for _, denied := range []string{filepath.Dir(path), path} {
		if err := inputfile.CheckWritable(denied); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return strings.TrimSuffix(fmt.Sprintf("%s is not writable: %v: %s", denied, err, inputfile.Advise(denied, err)), ": ")
		}
	}
	return ""
}

// atFileSizeLimit reports whether an error of the SQLite file at path comes from the
// limit of this process on the size of files, which only a restart can raise.
func atFileSizeLimit(path string, err error) bool {
	return primary(err) == lib.SQLITE_IOERR && isAtLimit(path, fileSizeLimit())
}

// isAtLimit reports whether the file of a store, or a file that SQLite adds to it, has
// reached a limit on its size in bytes, except for less than one write. SQLite reports
// only that a write failed.
func isAtLimit(path string, limit uint64) bool {
	const lastWrite = 1 << 16
	return slices.ContainsFunc([]string{"", "-wal", "-journal"}, func(suffix string) bool {
		info, err := os.Stat(path + suffix)
		return err == nil && uint64(info.Size())+lastWrite > limit
	})
}

// primary returns the primary result code of an SQLite error, 0 for other errors.
func primary(err error) int { return code(err) & 0xff }

// code returns the extended result code.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}

// advisePostgres returns the cause of an error of PostgreSQL, or of a connection to it,
// and the fix, "" for other errors, and whether the driver's own message would add
// nothing.
func advisePostgres(err error) (advice string, complete bool) {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return adviseCode(e.Code), false
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		if reason := undialled(connecting); reason != "" {
			return "no PostgreSQL server answers there (" + reason + "): check that the server runs, the host and port in the URL, and the network between", true
		}
		return "no connection to the PostgreSQL server: check the parameters in the URL, such as sslmode, and the server's log", false
	}
	if disconnected(err) {
		return "the connection to PostgreSQL broke: the coordinator reconnects by itself; if that takes long, check that the server runs, and the network between", false
	}
	return "", false
}

// undialled returns the system's reason why no connection to a server could be opened,
// without its address, or "" if the server answered.
func undialled(err error) string {
	var (
		system  syscall.Errno
		name    *net.DNSError
		network net.Error
	)
	switch {
	case errors.As(err, &system):
		return system.Error()
	case errors.As(err, &name):
		return name.Err
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	default:
		return ""
	}
}

// disconnected reports whether a connection ended while it was in use.
func disconnected(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		strings.HasSuffix(err.Error(), "conn closed") // pgconn exports no such error
}

// fromPostgres reports whether an error is one of PostgreSQL, or of connecting to it.
func fromPostgres(err error) bool {
	var e *pgconn.PgError
	var connecting *pgconn.ConnectError
	return errors.As(err, &e) || errors.As(err, &connecting)
}

// adviseCode explains an error code (PostgreSQL's manual, appendix A).
func adviseCode(code string) string {
	switch code {
	case "28P01", "28000": // invalid_password, invalid_authorization_specification
		return "PostgreSQL rejects the user or the password: check the URL, PGPASSWORD or ~/.pgpass, and the server's pg_hba.conf"
	case "3D000": // invalid_catalog_name
		return "the database does not exist: create it with createdb, or name another"
	case "42501": // insufficient_privilege
		return "the user lacks a privilege: make it the owner of the database, or grant it CREATE on its schema"
	case "25006": // read_only_sql_transaction
		return "the server is read-only, as a standby is: give the address of the primary"
	case "53300": // too_many_connections
		return "the server has no connection left: raise its max_connections, or set pool_max_conns in the URL"
	case "53100": // disk_full
		return "the server's disk is full: nothing that was acknowledged is lost; free some space: a coordinator that still runs then continues"
	case "55P03": // lock_not_available
		return "another coordinator has held a lock for too long: this one continues once the other releases it or is disconnected"
	case "57P01", "57P02", "57P03": // admin_shutdown, crash_shutdown, cannot_connect_now
		return "the server is stopping or starting: the coordinator continues once the server runs"
	case "25P03": // idle_in_transaction_session_timeout
		return "this coordinator was frozen during a transaction, and the server disconnected it: the transaction was rolled back"
	case "57014": // query_canceled
		return "the server cancelled the statement, because of its statement_timeout or for an administrator: " +
			"set statement_timeout = 0 for the coordinator's user (ALTER ROLE ... SET statement_timeout = 0), and leave it out of the URL"
	case "57P04": // database_dropped
		return "the database was dropped: restore a backup of it under the same name, or create an empty one with createdb and start the coordinator again"
	case "42P01", "42703", "3F000", "26000": // undefined_table, undefined_column, invalid_schema_name, invalid_sql_statement_name
		return "the coordinator's tables are missing or changed, because they or the database were dropped or recreated: " +
			"stop the coordinator, restore a backup if there is one, and start it again; without a backup it creates its tables again, and the sweep starts from the beginning"
	case "53200": // out_of_memory
		return "the server is out of memory: give it more; nothing that was acknowledged is lost"
	case "58030", "58P01": // io_error, undefined_file
		return "the server's disk failed: check it and the server's log"
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return "the database is damaged: restore a copy of it"
	default:
		return ""
	}
}
