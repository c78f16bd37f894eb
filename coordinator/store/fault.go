package store

import (
	"cmp"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"spiqsweep/coordinator/queue"
)

// ErrInUse says that another process has the store open.
var ErrInUse = errors.New("the store is in use")

// fault turns an error of a database into queue.ErrUnavailable, with a sentence on
// what to do where that is known.
func fault(place, act string, err error) error {
	if err == nil {
		return nil
	}
	err = oneLine{err}
	if advice := cmp.Or(advise(err), advisePostgres(err)); advice != "" {
		return fmt.Errorf("%w: %s %s: %s: %w", queue.ErrUnavailable, act, place, advice, err)
	}
	return fmt.Errorf("%w: %s %s: %w", queue.ErrUnavailable, act, place, err)
}

// advise says what has happened to the file and what would mend it.
func advise(err error) string {
	switch primary(err) {
	case lib.SQLITE_FULL:
		return "the disk is full: nothing that was acknowledged is lost; free some space, and the sweep goes on"
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return "the file is damaged or no store: restore a copy of it, or move it away to begin anew"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return "the file may not be written: check its permissions and its folder's"
	case lib.SQLITE_CANTOPEN:
		return "the file cannot be opened: check that its folder exists, and the permissions of both"
	case lib.SQLITE_IOERR:
		return "the disk failed, or is full: check it; nothing that was acknowledged is lost unless the disk lost it"
	default:
		return ""
	}
}

// primary is the primary result code of an error of SQLite; 0 for another error.
func primary(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}
