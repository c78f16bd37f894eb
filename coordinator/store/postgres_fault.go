package store

import (
	"errors"
	"io"
	"net"
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
	if broken(err) {
		return "the connection to PostgreSQL broke: it is made again by itself; if that takes long, check that the server runs, and what is between"
	}
	return ""
}

// broken reports whether a connection ended while it was in use.
func broken(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		strings.HasSuffix(err.Error(), "conn closed") // pgconn has no value for it
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
	case "57014": // query_canceled
		return "the server cancelled the statement, by its statement_timeout or for an administrator: " +
			"set statement_timeout = 0 for the coordinator's user (ALTER ROLE ... SET statement_timeout = 0), and leave it out of the URL"
	case "57P04": // database_dropped
		return "the database was dropped: restore a backup of it under the same name, or make an empty one with createdb and start the coordinator again"
	case "42P01", "42703", "3F000", "26000": // undefined_table, undefined_column, invalid_schema_name, invalid_sql_statement_name
		return "the coordinator's tables are gone or changed: the database was dropped and made again, or its tables were: " +
			"stop the coordinator, restore a backup if there is one, and start it again; without one it makes its tables anew, and the sweep begins anew"
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
