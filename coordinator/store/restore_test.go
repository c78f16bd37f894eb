package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store/storetest/postgres"
)

// testOlderCopy grants a task on a store. Its result is reported to an older copy of the
// store, which has granted the same attempt to another worker.
func testOlderCopy(t *testing.T, newer, older queue.Store) {
	t.Helper()
	sync := func(s queue.Store, id string, sequence uint64, reports ...queue.Report) (queue.SyncAnswer, *queue.Queue) {
		t.Helper()
		q := queue.New(s, queue.Policy{})
		answer, err := q.Sync(ctx, queue.SyncRequest{
			Process: processOf(id), Sequence: sequence, FreeSlots: 1 - len(reports), Reports: reports,
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer, q
	}
	first, _ := sync(newer, "first", 1)
	second, _ := sync(older, "second", 1)
	lease := first.Assignments[0].Lease
	if second.Assignments[0].Lease != lease {
		t.Fatalf("the older store granted %v, the newer one %v", second.Assignments[0].Lease, lease)
	}
	report := queuetest.Finished(lease, 0)
	report.Proven = true
	answer, q := sync(older, "first", 2, report)
	if answer.Verdicts[0].Judgement != queue.JudgedAccepted {
		t.Errorf("verdict: %+v", answer.Verdicts[0])
	}
	status, err := q.Status(ctx, "A")
	if err != nil || status.Counts.Done != 1 || len(status.Warnings) != 1 || !strings.Contains(status.Warnings[0], "older than its workers") {
		t.Errorf("status: %+v, warnings %q, %v", status.Counts, status.Warnings, err)
	}
	if answer, _ := sync(older, "second", 2, queuetest.Finished(lease, 1)); answer.Verdicts[0].Judgement != queue.JudgedLate {
		t.Errorf("verdict on the task's other result: %+v", answer.Verdicts[0])
	}
	if status, err := q.Status(ctx, "A"); err != nil || status.Counts.Diverged != 1 {
		t.Errorf("results that differ: %+v, %v", status.Counts, err)
	}
	for _, wrong := range queuetest.Consistent(older, nil) {
		t.Error(wrong)
	}
}

func processOf(id string) queue.Process {
	s := queuetest.Sweep("A")
	return queue.Process{ID: id, Host: "host", Kernel: "portable", Numerics: s.Numerics, KernelClass: s.KernelClass, Slots: 1}
}

func plan(t *testing.T, s queue.Store) {
	t.Helper()
	if _, err := queue.New(s, queue.Policy{}).Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 2, 10))); err != nil {
		t.Fatal(err)
	}
}

// TestSQLiteRestored restores a backup of sweep.db while workers run.
func TestSQLiteRestored(t *testing.T) {
	path, backup := filepath.Join(t.TempDir(), "sweep.db"), filepath.Join(t.TempDir(), "sweep.db")
	s := open(t, path)
	plan(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(backup, body, 0o600); err != nil {
		t.Fatal(err)
	}
	newer, older := open(t, path), open(t, backup)
	defer newer.Close()
	defer older.Close()
	testOlderCopy(t, newer, older)
}

// TestPostgresRestored replaces a server by one with an older state, like a standby that is
// promoted before it has received the last commits, or a restored dump.
func TestPostgresRestored(t *testing.T) {
	primary, standby := postgres.Start(t).URL("postgres"), postgres.Start(t).URL("postgres")
	newer, older := open(t, primary), open(t, standby)
	defer newer.Close()
	defer older.Close()
	plan(t, newer)
	replicate(t, primary, standby)
	testOlderCopy(t, newer, older)
}

// replicate copies all rows of the store's tables from one server to another.
func replicate(t *testing.T, from, to string) {
	t.Helper()
	source, err := pgx.Connect(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close(ctx)
	target, err := pgx.Connect(context.Background(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close(ctx)
	rows, err := source.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var body bytes.Buffer
		if _, err := source.PgConn().CopyTo(ctx, &body, fmt.Sprintf("COPY %s TO STDOUT", table)); err != nil {
			t.Fatal(err)
		}
		if _, err := target.PgConn().CopyFrom(ctx, &body, fmt.Sprintf("COPY %s FROM STDIN", table)); err != nil {
			t.Fatal(err)
		}
	}
}
