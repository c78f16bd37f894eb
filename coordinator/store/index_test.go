package store

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/sweep"
)

var (
	// mayScan matches scans of the tables that have only a few rows for each sweep.
	mayScan = regexp.MustCompile(`^SCAN (sweeps|tallies|drafts)\b`)
	// halfBounded matches searches of all rows above or below a value.
	halfBounded = regexp.MustCompile(`^SEARCH .*\(\w+[<>]\?\)`)
	// dueRows matches the indexes in which such a search finds only rows that are due.
	dueRows = regexp.MustCompile(`\b(records_due|processes_present)\b`)
)

// runStatements makes a store run nearly every statement that it has.
func runStatements(t *testing.T, f *queuetest.Fixture) {
	t.Helper()
	f.Plan("A", queuetest.Plan(0, 4, 10))
	f.Plan("B", queuetest.Plan(2, 5, 10))
	w := f.Worker(2)
	first := w.Sync().Assignments
	w.Checkpoint(first[0].Lease, 10)
	w.Sync(queuetest.Finished(first[0].Lease, 0), queuetest.Failed(first[1].Lease, "NaN"))
	f.Retry(queue.RetryRequest{})
	ambiguous := queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{"0"}}}
	if _, err := f.Queue.Retry(context.Background(), ambiguous); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("an ambiguous prefix: %v", err)
	}
	f.Rows("A")
	for _, err := range f.Queue.Attempts(context.Background(), "A") {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.Plan("A", queuetest.Plan(0, 2, 10))
	f.Status("A")
	if err := f.Queue.Delete(context.Background(), "B"); err != nil {
		t.Fatal(err)
	}
}

// TestSQLiteQueriesUseIndexes checks that every statement finds its rows by an index, within
// bounds, so that no call becomes slower as a store grows.
func TestSQLiteQueriesUseIndexes(t *testing.T) {
	s := openHere(t)
	f := queuetest.NewFixture(t, func(func() time.Time) queue.Store { return s }, queue.Policy{})
	runStatements(t, f)
	f.Consistent()

	err := s.View(context.Background(), func(tx queue.Tx) error {
		x := tx.(*sqlTx)
		var statements []string
		for text := range x.session.(*sqliteStore).statements {
			statements = append(statements, text)
		}
		if len(statements) < 30 {
			t.Errorf("only %d statements were made", len(statements))
		}
		for _, text := range statements {
			steps, err := list(x, "EXPLAIN QUERY PLAN "+text, noArguments(text), func(r row) (detail string, err error) {
				var id, parent, unused int
				return detail, r.Scan(&id, &parent, &unused, &detail)
			})
			if err != nil {
				return err
			}
			for _, step := range steps {
				if strings.HasPrefix(step, "SCAN ") && !mayScan.MatchString(step) || halfBounded.MatchString(step) && !dueRows.MatchString(step) {
					t.Errorf("%s\n\t%s", text, step)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// noArguments returns a nil argument for each placeholder of a statement.
func noArguments(text string) []any {
	n := 0
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.Atoi(match[1])
		n = max(n, number)
	}
	return make([]any, n)
}

// recorder records the statements that connections prepare.
type recorder struct {
	queue.Store
	seen map[string]bool
}

func (r recorder) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	return r.Store.Update(ctx, claim, func(tx queue.Tx) error {
		defer r.read(tx)
		return call(tx)
	})
}

func (r recorder) View(ctx context.Context, call func(queue.Tx) error) error {
	return r.Store.View(ctx, func(tx queue.Tx) error {
		defer r.read(tx)
		return call(tx)
	})
}

// read records the prepared statements of a transaction's connection.
func (r recorder) read(tx queue.Tx) {
	x := tx.(*postgresTx)
	texts, err := list(&x.sqlTx, `SELECT statement FROM pg_prepared_statements`, nil, scanOne[string])
	if err == nil {
		for _, text := range texts {
			r.seen[text] = true
		}
	}
}

var (
	seqScan   = regexp.MustCompile(`Seq Scan on (\w+)`)
	indexScan = regexp.MustCompile(`Index (?:Only )?Scan (?:using|on) (\w+).*\n(.*)`)
	// mayScanIndex matches the indexes of the tables that mayScan matches.
	mayScanIndex = regexp.MustCompile(`^(sweeps|tallies|drafts)_`)
	// indexCond matches the condition of an index scan with an equality or two bounds.
	indexCond = regexp.MustCompile(`Index Cond: .*( = | AND )`)
)

// TestPostgresQueriesUseIndexes checks that every statement finds its rows by an index, within
// bounds, and the next task without sorting the waiting ones.
func TestPostgresQueriesUseIndexes(t *testing.T) {
	database := postgres.Database(t)
	s, err := Open(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	r := recorder{s, map[string]bool{}}
	f := queuetest.NewFixture(t, func(func() time.Time) queue.Store { return r }, queue.Policy{})
	runStatements(t, f)
	if len(r.seen) < 30 {
		t.Errorf("only %d statements were made", len(r.seen))
	}
	conn, err := pgx.Connect(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), `BEGIN`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(context.Background(), planByIndex); err != nil {
		t.Fatal(err)
	}
	for text := range r.seen {
		if head := strings.Fields(text)[0]; head != "SELECT" && head != "UPDATE" && head != "DELETE" || strings.Contains(text, "pg_") {
			continue
		}
		plan := explain(t, conn, text)
		for _, match := range seqScan.FindAllStringSubmatch(plan, -1) {
			if table := match[1]; table != "sweeps" && table != "tallies" && table != "drafts" {
				t.Errorf("%s\n%s", text, plan)
			}
		}
		for _, match := range indexScan.FindAllStringSubmatch(plan, -1) {
			index, condition := match[1], match[2]
			if !indexCond.MatchString(condition) && !dueRows.MatchString(index) && !mayScanIndex.MatchString(index) {
				t.Errorf("%s\n%s", text, plan)
			}
		}
		if strings.Contains(text, "SKIP LOCKED") && strings.Contains(plan, "Sort") {
			t.Errorf("%s\n%s", text, plan)
		}
	}
	f.Close()
}

// TestPostgresSettingsEndWithTransaction checks that the planner's settings apply during each
// transaction and not after it.
func TestPostgresSettingsEndWithTransaction(t *testing.T) {
	s, err := Open(context.Background(), postgres.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	setting := func(tx queue.Tx) string {
		values, err := list(&tx.(*postgresTx).sqlTx, `SELECT current_setting('enable_seqscan')`, nil, scanOne[string])
		if err != nil || len(values) != 1 {
			t.Fatalf("%v, %v", values, err)
		}
		return values[0]
	}
	check := func(kind string) func(queue.Tx) error {
		return func(tx queue.Tx) error {
			if got := setting(tx); got != "off" {
				t.Errorf("within %s: enable_seqscan = %s", kind, got)
			}
			return nil
		}
	}
	ctx := context.Background()
	if err := errors.Join(
		s.Update(ctx, nil, check("an update")), s.Update(ctx, &queue.Claim{Process: "process"}, check("a claim")), s.View(ctx, check("a view")),
	); err != nil {
		t.Fatal(err)
	}
	conn, err := s.(*postgresStore).pool.Acquire(context.Background()) // the connection that was used last
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, name := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "plan_cache_mode"} {
		var value, initial string
		if err := conn.QueryRow(context.Background(), `SELECT setting, boot_val FROM pg_settings WHERE name = $1`, name).Scan(&value, &initial); err != nil || value != initial {
			t.Errorf("between transactions: %s = %s, %v: want %s", name, value, err, initial)
		}
	}
}

// explain returns the generic plan of a statement.
func explain(t *testing.T, conn *pgx.Conn, text string) string {
	t.Helper()
	ctx := context.Background()
	if _, err := conn.Exec(ctx, "PREPARE one AS "+text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	call := "EXPLAIN EXECUTE one"
	if n := len(noArguments(text)); n > 0 {
		call += "(" + strings.Repeat("NULL, ", n-1) + "NULL)"
	}
	rows, err := conn.Query(ctx, call, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if _, err := conn.Exec(ctx, "DEALLOCATE one"); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
