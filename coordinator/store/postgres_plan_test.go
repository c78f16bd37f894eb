package store

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store/storetest/postgres"
)

// recorder gathers the statements that connections prepare.
type recorder struct {
	queue.Store
	seen map[string]bool
}

func (r recorder) Update(ctx context.Context, call func(queue.Tx) error) error {
	return r.Store.Update(ctx, func(tx queue.Tx) error {
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

// read asks the connection itself what it has prepared.
func (r recorder) read(tx queue.Tx) {
	x := tx.(*postgresTx)
	texts, err := list(&x.sqlTx, `SELECT statement FROM pg_prepared_statements`, nil, scanOne[string])
	if err == nil {
		for _, text := range texts {
			r.seen[text] = true
		}
	}
}

// seqScan finds tables that are read whole, but for those with a few rows for each
// sweep, and what is made here.
var seqScan = regexp.MustCompile(`Seq Scan on (\w+)`)

// Every statement of a life finds its rows by an index, also on PostgreSQL, and
// the next task without sorting those that wait.
func TestPostgresQueriesUseIndexes(t *testing.T) {
	database := postgres.Database(t)
	s, err := Open(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	r := recorder{s, map[string]bool{}}
	lab := queuetest.NewFixture(t, func(func() time.Time) queue.Store { return r }, queue.Policy{})
	lab.Plan("A", queuetest.Plan(0, 4, 10))
	lab.Plan("B", queuetest.Plan(2, 5, 10))
	w := lab.Worker(2)
	first := w.Sync().Assignments
	w.Checkpoint(first[0].Lease, 10)
	w.Sync(queuetest.Finished(first[0].Lease, 0), queuetest.Fails(first[1].Lease, "NaN"))
	lab.Retry(queue.RetryRequest{})
	lab.Rows("A")
	lab.Plan("A", queuetest.Plan(0, 2, 10))
	lab.Status("A")
	if err := lab.Queue.Delete(context.Background(), "B"); err != nil {
		t.Fatal(err)
	}
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
		if strings.Contains(text, "SKIP LOCKED") && strings.Contains(plan, "Sort") {
			t.Errorf("%s\n%s", text, plan)
		}
	}
	lab.Close()
}

// The planner's settings end with each transaction: the connection may be lent to other
// programs by a pool.
func TestPostgresSettingsEndWithTheTransaction(t *testing.T) {
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
	for name, run := range map[string]func(context.Context, func(queue.Tx) error) error{"update": s.Update, "view": s.View} {
		if err := run(context.Background(), func(tx queue.Tx) error {
			if got := setting(tx); got != "off" {
				t.Errorf("within an %s: enable_seqscan = %s", name, got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	err = s.Update(context.Background(), func(tx queue.Tx) error {
		if err := tx.Claim("process", nil); err != nil {
			return err
		}
		if got := setting(tx); got != "off" {
			t.Errorf("within a claim: enable_seqscan = %s", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.(*postgresStore).pool.Acquire(context.Background()) // the one that was used last
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, name := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "plan_cache_mode"} {
		var value, usual string
		if err := conn.QueryRow(context.Background(), `SELECT setting, boot_val FROM pg_settings WHERE name = $1`, name).Scan(&value, &usual); err != nil || value != usual {
			t.Errorf("between transactions: %s = %s, %v: want %s", name, value, err, usual)
		}
	}
}

// explain is the plan of a statement for any arguments.
func explain(t *testing.T, conn *pgx.Conn, text string) string {
	t.Helper()
	ctx := context.Background()
	if _, err := conn.Exec(ctx, "PREPARE one AS "+text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	call := "EXPLAIN EXECUTE one"
	if n := len(blanks(text)); n > 0 {
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
