package store

import (
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// advisePostgres says what has happened to a database and what would mend it.
func advisePostgres(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return adviceOn(e.Code)
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return "PostgreSQL does not answer there: check that it runs, the host and port of the URL, and what is between"
	}
	return ""
}

// answered says whether an error is PostgreSQL's, or that of a connection to it.
func answered(err error) bool {
	var e *pgconn.PgError
	var connecting *pgconn.ConnectError
	return errors.As(err, &e) || errors.As(err, &connecting)
}

// oneLine is an error that speaks in one line, and says each thing once: a
// connection is tried with TLS and without, or at several addresses.
type oneLine struct{ error }

func (e oneLine) Error() string {
	var said []string
	for line := range strings.Lines(e.error.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return strings.TrimSpace(said[0] + " " + strings.Join(said[1:], "; "))
}

func (e oneLine) Unwrap() error { return e.error }

// adviceOn reads an error code (PostgreSQL's manual, appendix A).
func adviceOn(code string) string {
	switch code {
	case "28P01", "28000": // invalid_password, invalid_authorization_specification
		return "the user or the password is refused: check the URL, PGPASSWORD or ~/.pgpass, and the server's pg_hba.conf"
	case "3D000": // invalid_catalog_name
		return "the database does not exist: make it with createdb, or name another"
	case "42501": // insufficient_privilege
		return "the user may not do that: make it the owner of the database, or grant it CREATE on its schema"
	case "25006": // read_only_sql_transaction
		return "the server may only be read, as a standby: name the primary"
	case "53300": // too_many_connections
		return "the server has no connection left: raise its max_connections, or set pool_max_conns in the URL"
	case "53100": // disk_full
		return "the server's disk is full: nothing that was acknowledged is lost; free some space, and the sweep goes on"
	case "55P03": // lock_not_available
		return "another coordinator has held what is needed for too long: it goes on by itself once that one does, or is cut off"
	case "57P01", "57P02", "57P03": // admin_shutdown, crash_shutdown, cannot_connect_now
		return "the server is being stopped or started: it goes on by itself once that is done"
	case "25P03": // idle_in_transaction_session_timeout
		return "this coordinator was frozen within a transaction and was cut off: nothing of it has happened"
	case "XX001", "XX002": // data_corrupted, index_corrupted
		return "the database is damaged: restore a copy of it"
	default:
		return ""
	}
}
