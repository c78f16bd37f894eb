package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/sweep"
)

// TestSchemaVersions checks that the schema of a newer program is refused, and that an older
// schema is not read before it is migrated.
func TestSchemaVersions(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct{ statement, open, read string }{
		"newer": {`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)`, "use the version of the program that made it", "use the version of the program that made it"},
		"older": {`DELETE FROM goose_db_version WHERE version_id > 0`, "migrate", "start the coordinator once"},
	} {
		for kind, address := range map[string]func(*testing.T) string{
			"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "sweep.db") },
			"PostgreSQL": func(t *testing.T) string { return postgres.Database(t) },
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				at := address(t)
				s, err := Open(ctx, at)
				if err != nil {
					t.Fatal(err)
				}
				err = s.Update(ctx, nil, func(tx queue.Tx) error {
					return tx.(interface{ exec(string, ...any) error }).exec(c.statement)
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if _, err := OpenReadOnly(ctx, at); err == nil || !strings.Contains(err.Error(), c.read) {
					t.Errorf("OpenReadOnly = %v: want %q", err, c.read)
				}
				if _, err := Open(ctx, at); err == nil || !strings.Contains(err.Error(), c.open) {
					t.Errorf("Open = %v: want %q", err, c.open)
				}
			})
		}
	}
}

// TestMigration migrates a store of version 2, and has its worker go on.
func TestMigration(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "version2.sql"))
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.Replace(body, []byte("X'32'"), []byte("X'"+strings.Repeat("32", 1<<14)+"'"), 1) // of the checkpoint
	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "sweep.db")
		db, err := sql.Open("sqlite", dsn(path, readWrite))
		if err != nil {
			t.Fatal(err)
		}
		fillVersion2(t, db, goose.DialectSQLite3, fmt.Sprintf("PRAGMA application_id = %d;", applicationID)+string(body))
		testMigrated(t, path)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		address := postgres.Database(t)
		db, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		fillVersion2(t, db, goose.DialectPostgres, strings.ReplaceAll(string(body), "X'", `'\x`))
		testUncompressed(t, address)
		testMigrated(t, address)
	})
}

// testUncompressed migrates a store, and checks that its checkpoint, which is compressible, is
// copied without compression.
func testUncompressed(t *testing.T, address string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := migrate(context.Background(), db, goose.DialectPostgres); err != nil {
		t.Fatal(err)
	}
	var size int
	var compression sql.NullString
	err = db.QueryRow(`SELECT length(body), pg_column_compression(body) FROM checkpoints`).Scan(&size, &compression)
	if err != nil || size < 1<<14 || compression.Valid {
		t.Errorf("a checkpoint of %d bytes has the compression %q, %v", size, compression.String, err)
	}
}

// TestMigrationUsesIndexes checks that each statement of version 4 scans at most one table and
// finds the rows of others by an index, so that the time of a migration grows with the number
// of tasks and not with its square.
func TestMigrationUsesIndexes(t *testing.T) {
	ctx := context.Background()
	db, err := sql.Open("sqlite", dsn(filepath.Join(t.TempDir(), "sweep.db"), readWrite))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m, err := migrations(db, goose.DialectSQLite3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.UpTo(ctx, 3); err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(strings.TrimSpace(keys+keysRows), ";\n") {
		steps := explainSQLite(t, db, statement)
		scans := 0
		for _, step := range steps {
			switch {
			case strings.HasPrefix(step, "SCAN (subquery"):
			case strings.HasPrefix(step, "SCAN "):
				scans++
			case strings.HasPrefix(step, "SEARCH ") && !strings.Contains(step, "=?"):
				t.Errorf("%s\n\t%s", statement, step)
			}
		}
		if scans > 1 {
			t.Errorf("%s\n\t%s", statement, strings.Join(steps, "\n\t"))
		}
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// explainSQLite returns the steps of a statement.
func explainSQLite(t *testing.T, db *sql.DB, statement string) (steps []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// fillVersion2 creates a store of version 2 with some content.
func fillVersion2(t *testing.T, db *sql.DB, dialect goose.Dialect, content string) {
	t.Helper()
	defer db.Close()
	m, err := migrations(db, dialect)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.UpTo(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(context.Background(), content); err != nil {
		t.Fatal(err)
	}
}

func testMigrated(t *testing.T, address string) {
	ctx := context.Background()
	at := time.UnixMicro(1767268802000000) // soon after the last tick
	s, err := Open(ctx, address, WithClock(func() time.Time { return at }))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, wrong := range queuetest.Consistent(s, nil) {
		t.Error(wrong)
	}
	q := queue.New(s, queue.Policy{})
	for id, want := range map[string]queue.Counts{"A": {Planned: 5, Done: 1, Leased: 2, Pending: 2}, "B": {Planned: 3, Done: 1, Leased: 1, Pending: 1}} {
		if status, err := q.Status(ctx, id); err != nil || status.Counts != want {
			t.Errorf("sweep %s: %+v, %v: want %+v", id, status.Counts, err, want)
		}
	}
	done, saved := queuetest.Task(4), queuetest.Task(2)
	result := queuetest.Result(0)
	err = s.View(ctx, func(tx queue.Tx) error {
		for i, number := range []int{4, 3, 2, 1, 0, 5} { // the first order of execution in A and B
			key, err := tx.(interface {
				key(task sweep.TaskID) (int64, error)
			}).key(queuetest.Task(number).ID)
			if err != nil || key != int64(i+1) {
				t.Errorf("task %d has the key %d, %v: want %d", number, key, err, i+1)
			}
		}
		got, found, err := tx.Result(done.ID, result.Digest)
		if err != nil || !found || string(got.Body) != string(result.Body) || len(got.Measures) == 0 {
			t.Errorf("result: %+v, %v, %v", got, found, err)
		}
		step, body, _, err := tx.Checkpoint(saved.ID)
		if err != nil || step != 50 || string(body) != strings.Repeat("2", 1<<14) {
			t.Errorf("checkpoint: step %d, %d bytes, %v", step, len(body), err)
		}
		spec, _, err := tx.Specification(saved.ID)
		want := queue.Specification{Task: saved, Cost: 10 * time.Second}
		want.ConfigurationIndex = 0
		if diff := cmp.Diff(want, spec); diff != "" || err != nil {
			t.Errorf("specification, %v (-want +got):\n%s", err, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lease := queue.Lease{Task: saved.ID, Attempt: 1}
	answer, err := q.Sync(ctx, queue.SyncRequest{
		Process:  queue.Process{ID: "process-001", Slots: 3, Numerics: sweep.Numerics, KernelClass: queuetest.KernelClass},
		Sequence: 99, FreeSlots: 2, Reports: []queue.Report{queuetest.Finished(lease, 0)},
	})
	if err != nil || len(answer.Verdicts) != 1 || answer.Verdicts[0].Judgement != queue.JudgedAccepted {
		t.Errorf("the answer to the lease's result: %+v, %v", answer, err)
	}
	for _, wrong := range queuetest.Consistent(s, nil) {
		t.Error(wrong)
	}
}
