package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"spiqsweep/coordinator/queue"
)

// ErrInUse says that another process has the store open.
var ErrInUse = errors.New("the store is in use")

// fault turns an error of a database into a queue.StoreError, with advice where the
// cause is known.
func fault(place, act string, err error) error {
	if err == nil {
		return nil
	}
	err = oneLine{err}
	e := &queue.StoreError{Advice: cmp.Or(advise(err), advisePostgres(err)), Err: fmt.Errorf("%s %s: %w", act, place, err), Partial: partial(err)}
	if e.Advice != "" {
		e.Err = fmt.Errorf("%s %s: %s: %w", act, place, e.Advice, err)
	}
	return e
}

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

// advise says what is wrong with an SQLite file and what fixes it.
func advise(err error) string {
	switch primary(err) {
	case lib.SQLITE_FULL:
		return "the disk is full: nothing that was acknowledged is lost; free some space, and the sweep goes on"
	case lib.SQLITE_NOTADB:
		return "the file is damaged, or no SQLite database: restore a copy of it, name another file, or move this one away to begin anew"
	case lib.SQLITE_CORRUPT:
		return "the file is damaged: stop the coordinator and restore a copy of it, or move it away to begin anew"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		if code(err) == lib.SQLITE_READONLY_DBMOVED {
			return "the file was moved or deleted while it was open: put it back and start the coordinator again"
		}
		return "the file may not be written: check its permissions and its folder's, and whether the file system is mounted read-only"
	case lib.SQLITE_CANTOPEN:
		return "the file cannot be opened: check that its folder exists, and the permissions of both"
	case lib.SQLITE_IOERR:
		return "the disk failed, or is full: check it and its quota; nothing that was acknowledged is lost unless the disk lost it"
	case lib.SQLITE_NOMEM:
		return "there is not enough memory: give the coordinator more"
	default:
		return ""
	}
}

// primary is the primary result code of an error of SQLite; 0 for another error.
func primary(err error) int { return code(err) & 0xff }

// code is the extended result code.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}
