package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// variable is the environment variable with the URL of a server to use instead of a
// private one.
const variable = "SPIQSWEEP_POSTGRES"

// missing is the message of a skipped test.
const missing = "skipped: needs PostgreSQL: install Debian's postgresql (its programs, the cluster may be off), or set " + variable + " to the URL of a server"

// shared is the server of all tests of this process that call Database.
var shared = sync.OnceValues(func() (*Server, error) {
	s, err := create()
	if err == nil {
		err = s.Start(context.Background())
	}
	return s, err
})

// Database creates an empty database for one test and returns its URL. It is dropped
// when the test ends.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(variable)
	if server == "" {
		needPrograms(t)
		s, err := shared()
		if err != nil {
			t.Fatal(err)
		}
		server = s.URL(owner)
	}
	name := "spiqsweep_" + strings.ToLower(rand.Text())
	command(t, server, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() { command(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is not a URL", variable)
	}
	u.Path = "/" + name
	return u.String()
}

// Empty deletes all rows of a database except those about its schema. It is much
// faster than creating a database.
func Empty(t testing.TB, database string) {
	t.Helper()
	command(t, database, `
		DO $$ DECLARE name text; BEGIN
			FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
				EXECUTE format('DELETE FROM %I', name);
			END LOOP;
		END $$`)
}

// Start starts a server for one test, which contains only the database "postgres".
// It stops when the test ends.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	needPrograms(t)
	s, err := create(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.discard(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

func needPrograms(t testing.TB) {
	t.Helper()
	if !supported || programs() == "" {
		t.Skip(missing)
	}
}

// command runs one statement on a server.
func command(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}
