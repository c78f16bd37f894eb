//go:build linux

package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
)

// notary stores bodies through the queue and remembers which were acknowledged.
type notary struct {
	store queue.Store
	acked map[string]int // name → size
	next  int
}

// store puts a body of that size and returns the answer.
func (n *notary) put(size int) error {
	n.next++
	name := fmt.Sprint("body ", n.next)
	err := n.store.Update(context.Background(), func(tx queue.Tx) error {
		return tx.PutRecording(name, make([]byte, size))
	})
	if err == nil {
		n.acked[name] = size
	}
	return err
}

// missing lists the acknowledged bodies that a store does not have whole.
func (n *notary) missing(s queue.Store) (missing []string) {
	q := queue.New(s, queue.Policy{})
	for name, size := range n.acked {
		if body, err := q.Recording(context.Background(), name); err != nil || len(body) != size {
			missing = append(missing, fmt.Sprintf("%s: %d bytes of %d, %v", name, len(body), size, err))
		}
	}
	return missing
}

// audit opens what a power cut has left and looks for everything that was acknowledged.
func (n *notary) audit(t *testing.T, folder string) {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(folder, "sweep.db"))
	if err != nil {
		t.Fatalf("after the power cut: %v", err)
	}
	for _, lost := range n.missing(s) {
		t.Errorf("after the power cut: %s", lost)
	}
	for _, wrong := range queuetest.Consistent(s, nil) {
		t.Errorf("after the power cut: %s", wrong)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// openOnDisk opens a store with a plan on the watched disk.
func openOnDisk(t *testing.T) *notary {
	t.Helper()
	folder := t.TempDir()
	theDisk.watch(t, folder)
	s := open(t, filepath.Join(folder, "sweep.db"))
	t.Cleanup(func() { _ = s.Close() }) // of the faults, some are at its closing
	if _, err := queue.New(s, queue.Policy{}).Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 20, 1))); err != nil {
		t.Fatal(err)
	}
	return &notary{store: s, acked: map[string]int{}}
}

// Each fault of the disk is a clear error for the call that meets it, loses
// nothing that was acknowledged, and is over when the disk is mended.
func TestDiskFaults(t *testing.T) {
	for fault, c := range map[diskFault]struct{ operation, says string }{
		fullDisk:   {"write", "the disk is full: nothing that was acknowledged is lost; free some space"},
		shortWrite: {"write", "the disk is full: nothing that was acknowledged is lost; free some space"},
		badWrite:   {"write", "the disk failed, or is full: check it"},
		badSync:    {"sync", "the disk failed, or is full: check it"},
	} {
		t.Run(string(fault), func(t *testing.T) {
			n := openOnDisk(t)
			if err := n.put(10_000); err != nil {
				t.Fatal(err)
			}
			theDisk.failing(func(operation, path string) diskFault {
				if operation == c.operation && isLog(path) {
					return fault
				}
				return noFault
			})
			for range 3 {
				if err := n.put(10_000); !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "sweep.db") {
					t.Errorf("answer = %v: want %q", err, c.says)
				}
			}
			n.audit(t, theDisk.cutPower(t, rand.New(rand.NewPCG(1, 1))))
			theDisk.failing(nil)
			for range 3 {
				if err := n.put(10_000); err != nil {
					t.Errorf("with a mended disk: %v", err)
				}
			}
			for _, lost := range n.missing(n.store) {
				t.Error(lost)
			}
			n.audit(t, theDisk.cutPower(t, rand.New(rand.NewPCG(1, 2))))
		})
	}
}

// A file that may not be written is refused with the mend, and is as good as
// before once it may.
func TestReadOnlyFile(t *testing.T) {
	n := openOnDisk(t)
	if err := errors.Join(n.put(10_000), n.store.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(theDisk.folder, "sweep.db")
	theDisk.failing(func(operation, path string) diskFault {
		if operation == "open" && !isLog(path) {
			return readOnlyFile
		}
		return noFault
	})
	if _, err := store.Open(ctx, path); !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "check its permissions") {
		t.Errorf("Open = %v: want one that says that the file may not be written", err)
	}
	theDisk.failing(nil)
	n.audit(t, theDisk.folder)
}

// Whatever goes wrong with the disk, in any order: what was acknowledged is
// there after a power cut at any moment.
func TestPowerCuts(t *testing.T) {
	seen := map[diskFault]int{}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			n := openOnDisk(t)
			for range 6 {
				theDisk.failing(randomFaults(r.Uint64()))
				for range 10 {
					if err := n.put(r.IntN(30_000)); err != nil && !errors.Is(err, queue.ErrUnavailable) {
						t.Errorf("answer = %v: want %v", err, queue.ErrUnavailable)
					}
				}
				n.audit(t, theDisk.cutPower(t, r))
			}
			theDisk.failing(nil)
			if err := n.put(1000); err != nil {
				t.Errorf("with a mended disk: %v", err)
			}
			n.audit(t, theDisk.cutPower(t, r))
			for fault, count := range theDisk.counts() {
				seen[fault] += count
			}
		})
	}
	for _, fault := range []diskFault{fullDisk, shortWrite, badWrite, badSync} {
		if seen[fault] < 5 {
			t.Errorf("only %d times: %s", seen[fault], fault)
		}
	}
}

// randomFaults fails one operation in so many, of the log and of the file. Its
// random numbers are its own: the store still writes after it has answered.
func randomFaults(seed uint64) func(operation, path string) diskFault {
	r := rand.New(rand.NewPCG(seed, 0))
	oneIn := 2 + r.IntN(60)
	return func(operation, _ string) diskFault {
		if r.IntN(oneIn) > 0 {
			return noFault
		}
		if operation == "sync" {
			return badSync
		}
		return []diskFault{fullDisk, shortWrite, badWrite}[r.IntN(3)]
	}
}
