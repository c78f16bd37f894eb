package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// batch runs calls in one transaction: it sends them while the writer runs a first call.
// It returns the answers, starting with the first call's.
func batch(t *testing.T, s queue.Store, calls ...func(*sqlTx) error) []error {
	t.Helper()
	busy, proceed := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { // a call may be run again
		close(busy)
		<-proceed
	})
	answers := make([]chan error, len(calls)+1)
	send := func(i int, call func(queue.Tx) error) {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- s.Update(context.Background(), nil, call) }()
	}
	send(0, func(tx queue.Tx) error {
		once()
		return tx.PutRecording("first", nil)
	})
	<-busy
	for i, call := range calls {
		send(i+1, func(tx queue.Tx) error { return call(tx.(*sqlTx)) })
		for len(s.(*sqliteStore).calls) != i+1 { // until the call is queued
		}
	}
	close(proceed)
	var all []error
	for _, answer := range answers {
		all = append(all, <-answer)
	}
	return all
}

func openHere(t *testing.T) queue.Store {
	t.Helper()
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "sweep.db"))
	if err != nil {
		t.Fatal(err)
	}
	s.(*sqliteStore).gather = time.Hour // no race: the writer has had no call yet
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func has(t *testing.T, s queue.Store, digest string) bool {
	t.Helper()
	_, err := queue.New(s, queue.Policy{}).Recording(context.Background(), digest)
	if err != nil && !errors.Is(err, queue.ErrUnknown) {
		t.Fatal(err)
	}
	return err == nil
}

func recording(digest string) func(*sqlTx) error {
	return func(tx *sqlTx) error { return tx.PutRecording(digest, nil) }
}

// TestFailedCommit checks that a failed commit is the error of all its calls, and that the
// next one works.
func TestFailedCommit(t *testing.T) {
	s := openHere(t)
	if err := s.(*sqliteStore).exec("PRAGMA foreign_keys = ON"); err != nil {
		t.Fatal(err)
	}
	answers := batch(t, s, recording("second"), func(tx *sqlTx) error {
		// A deferred constraint, which SQLite checks at the commit.
		for _, statement := range []string{
			`CREATE TABLE parents (id BIGINT PRIMARY KEY)`,
			`CREATE TABLE children (parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`,
			`INSERT INTO children VALUES (1)`,
		} {
			if err := tx.exec(statement); err != nil {
				return err
			}
		}
		return nil
	}, recording("fourth"))
	for i, err := range answers {
		if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "commit") {
			t.Errorf("answer %d = %v: want %v", i, err, queue.ErrUnavailable)
		}
	}
	for _, digest := range []string{"first", "second", "fourth"} {
		if has(t, s, digest) {
			t.Errorf("%s was answered with an error, but is stored", digest)
		}
	}
	for i, err := range batch(t, s, recording("second")) {
		if err != nil {
			t.Errorf("after the failure, answer %d = %v", i, err)
		}
	}
}

// TestRollbackBySQLite has SQLite roll a transaction back in the middle of a batch. The
// other calls must run again, even if the call that caused it returns no error.
func TestRollbackBySQLite(t *testing.T) {
	s := openHere(t)
	answers := batch(t, s, recording("second"), func(tx *sqlTx) error {
		_ = tx.exec(`INSERT OR ROLLBACK INTO recordings (digest, body) VALUES ('first', '')`)
		return nil
	}, recording("fourth"))
	for i, digest := range []string{"first", "second", "", "fourth"} {
		if digest != "" && (answers[i] != nil || !has(t, s, digest)) {
			t.Errorf("answer %d = %v, and %s is stored: %v", i, answers[i], digest, has(t, s, digest))
		}
	}
	if !errors.Is(answers[2], queue.ErrUnavailable) {
		t.Errorf("answer 2 = %v: want %v", answers[2], queue.ErrUnavailable)
	}
}

func TestRollbackClearsCache(t *testing.T) {
	s := openHere(t)
	refused := errors.New("refused")
	answers := batch(t, s, func(tx *sqlTx) error {
		return errors.Join(tx.PutPresence(queue.Presence{Process: queue.Process{ID: "p"}}), refused)
	}, func(tx *sqlTx) error {
		if _, found, err := tx.Presence("p"); found || err != nil {
			return fmt.Errorf("found: %v, %w", found, err)
		}
		return nil
	})
	if !errors.Is(answers[1], refused) || answers[2] != nil {
		t.Errorf("answers: %v", answers)
	}
}

// TestFailedCallInBatch checks that a failed call has no effect and the others are committed.
func TestFailedCallInBatch(t *testing.T) {
	s := openHere(t)
	refused := errors.New("refused")
	answers := batch(t, s, recording("second"), func(tx *sqlTx) error {
		return errors.Join(tx.PutRecording("third", nil), refused)
	}, recording("fourth"))
	if answers[0] != nil || answers[1] != nil || !errors.Is(answers[2], refused) || answers[3] != nil {
		t.Errorf("answers: %v", answers)
	}
	for digest, want := range map[string]bool{"first": true, "second": true, "third": false, "fourth": true} {
		if has(t, s, digest) != want {
			t.Errorf("%s is stored: %v", digest, !want)
		}
	}
}

// TestDiskFull checks that a full disk loses nothing that was acknowledged, and that calls
// succeed once there is space.
func TestDiskFull(t *testing.T) {
	s := openHere(t)
	ctx := context.Background()
	limit := func(pages string) {
		t.Helper()
		err := s.View(ctx, func(tx queue.Tx) error {
			var now int
			_, err := tx.(*sqlTx).get("PRAGMA max_page_count = "+pages, nil, &now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	q := queue.New(s, queue.Policy{})
	if err := q.PutRecording(ctx, "before", make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	limit("100")
	large := func(tx *sqlTx) error { return tx.PutRecording("large", make([]byte, 1_000_000)) }
	answers := batch(t, s, recording("second"), large, recording("fourth"))
	if err := answers[2]; !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("error = %v", err)
	}
	for i, digest := range []string{"first", "second", "", "fourth"} {
		if digest != "" && has(t, s, digest) != (answers[i] == nil) {
			t.Errorf("%s was answered with %v, and is stored: %v", digest, answers[i], has(t, s, digest))
		}
	}
	if has(t, s, "large") || !has(t, s, "before") {
		t.Error("a failed write is stored, or an acknowledged one is not")
	}
	limit("1000000")
	if err := s.Update(ctx, nil, func(tx queue.Tx) error { return large(tx.(*sqlTx)) }); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

// TestFailingCallsDoNotDelayOthers checks that a call which runs again because another one
// failed is committed before new calls run.
func TestFailingCallsDoNotDelayOthers(t *testing.T) {
	s := openHere(t)
	refused := errors.New("refused")
	runs := 0
	calls := []func(*sqlTx) error{func(tx *sqlTx) error {
		runs++
		return tx.PutRecording("good", nil)
	}}
	for range 20 {
		calls = append(calls, func(tx *sqlTx) error { return errors.Join(tx.PutRecording("bad", nil), refused) })
	}
	answers := batch(t, s, calls...)
	if answers[1] != nil || !has(t, s, "good") || has(t, s, "bad") {
		t.Errorf("the successful call: %v", answers[1])
	}
	if runs != 2 { // rolled back with the first failing call, then committed before the next one
		t.Errorf("it was run %d times", runs)
	}
	for i, err := range answers[2:] {
		if !errors.Is(err, refused) {
			t.Errorf("failing call %d: %v", i, err)
		}
	}
}
