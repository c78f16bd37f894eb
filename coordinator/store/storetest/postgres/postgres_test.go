package postgres_test

import (
	"context"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"spiqsweep/coordinator/store/storetest/postgres"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask runs a query that returns a number.
func ask(t *testing.T, database, query string) (n int, err error) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, query).Scan(&n)
	return n, err
}

// put creates a table with two rows.
func put(t *testing.T, database string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, statement := range []string{`CREATE TABLE numbers (n INT)`, `INSERT INTO numbers VALUES (1), (2)`} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServer checks that a stopped or killed server does not answer, has its data when
// started again, and leaves no files at the end of the test.
func TestServer(t *testing.T) {
	var folder string
	t.Run("lives", func(t *testing.T) {
		s := postgres.Start(t)
		u, err := url.Parse(s.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		folder = u.Query().Get("host")
		put(t, s.URL("postgres"))
		for _, end := range []func() error{s.Stop, s.Kill} {
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if _, err := ask(t, s.URL("postgres"), `SELECT 1`); err == nil {
				t.Error("the server still answers")
			}
			if err := s.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			if n, err := ask(t, s.URL("postgres"), `SELECT count(*)::int FROM numbers`); n != 2 || err != nil {
				t.Errorf("started again: %d rows, %v", n, err)
			}
			if err := s.Start(context.Background()); err == nil {
				t.Error("Start succeeded on a running server")
			}
		}
	})
	if _, err := os.Stat(folder); folder != "" && !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", folder, err)
	}
}

// TestDatabase checks that databases are empty and separate, and that Empty works.
func TestDatabase(t *testing.T) {
	a, b := postgres.Database(t), postgres.Database(t)
	put(t, a)
	if _, err := ask(t, b, `SELECT count(*)::int FROM numbers`); err == nil {
		t.Error("another database has the table too")
	}
	if n, err := ask(t, a, `SELECT count(*)::int FROM numbers`); n != 2 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	postgres.Empty(t, a)
	if n, err := ask(t, a, `SELECT count(*)::int FROM numbers`); n != 0 || err != nil {
		t.Errorf("emptied: %d rows, %v", n, err)
	}
}
