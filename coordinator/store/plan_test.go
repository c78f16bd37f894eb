package store

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
)

// mayScan are the tables that are read whole: they have a few rows for each sweep.
var mayScan = regexp.MustCompile(`^SCAN (sweeps|tallies|drafts)\b`)

// Every statement of a life finds its rows by an index: no call becomes slower
// as a sweep grows.
func TestQueriesUseIndexes(t *testing.T) {
	s := openHere(t)
	lab := queuetest.NewFixture(t, func(func() time.Time) queue.Store { return s }, queue.Policy{})
	lab.Plan("A", queuetest.Plan(0, 4, 10))
	lab.Plan("B", queuetest.Plan(2, 5, 10))
	w := lab.Worker(2)
	first := w.Sync().Assignments
	w.Checkpoint(first[0].Lease, 10)
	w.Sync(queuetest.Finished(first[0].Lease, 0), queuetest.Fails(first[1].Lease, "NaN"))
	lab.Retry(queue.RetryRequest{})
	lab.Rows("A")
	for _, err := range lab.Queue.Attempts(context.Background(), "A") {
		if err != nil {
			t.Fatal(err)
		}
	}
	lab.Plan("A", queuetest.Plan(0, 2, 10))
	if err := lab.Queue.Delete(context.Background(), "B"); err != nil {
		t.Fatal(err)
	}
	lab.Consistent()

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
			steps, err := list(x, "EXPLAIN QUERY PLAN "+text, blanks(text), func(r row) (detail string, err error) {
				var id, parent, unused int
				return detail, r.Scan(&id, &parent, &unused, &detail)
			})
			if err != nil {
				return err
			}
			for _, step := range steps {
				if strings.HasPrefix(step, "SCAN ") && !mayScan.MatchString(step) {
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

// blanks are as many arguments as a statement wants.
func blanks(text string) []any {
	n := 0
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.Atoi(match[1])
		n = max(n, number)
	}
	return make([]any, n)
}
