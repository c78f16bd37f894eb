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

// tracker stores bodies and tracks which were acknowledged.
type tracker struct {
	store queue.Store
	acked map[string]int // name → size
	next  int
}

// put stores a body of a size and returns the answer.
func (k *tracker) put(size int) error {
	k.next++
	name := fmt.Sprint("body ", k.next)
	err := k.store.Update(context.Background(), nil, func(tx queue.Tx) error {
		return tx.PutRecording(name, make([]byte, size))
	})
	if err == nil {
		k.acked[name] = size
	}
	return err
}

// missing lists the acknowledged bodies that a store lacks, or has only in part.
func (k *tracker) missing(s queue.Store) (missing []string) {
	q := queue.New(s, queue.Policy{})
	for name, size := range k.acked {
		if body, err := q.Recording(context.Background(), name); err != nil || len(body) != size {
			missing = append(missing, fmt.Sprintf("%s: %d bytes of %d, %v", name, len(body), size, err))
		}
	}
	return missing
}

// audit opens the store in a folder that a power cut has left, and checks that it has
// all acknowledged bodies and is consistent.
func (k *tracker) audit(t *testing.T, folder string) {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(folder, "sweep.db"))
	if err != nil {
		t.Fatalf("after the power cut: %v", err)
	}
	for _, lost := range k.missing(s) {
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
func openOnDisk(t *testing.T) *tracker {
	t.Helper()
	folder := t.TempDir()
	theDisk.watch(t, folder)
	s := open(t, filepath.Join(folder, "sweep.db"))
	t.Cleanup(func() { _ = s.Close() }) // a fault may make it fail
	if _, err := queue.New(s, queue.Policy{}).Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 20, 1))); err != nil {
		t.Fatal(err)
	}
	return &tracker{store: s, acked: map[string]int{}}
}

// TestDiskFaults checks that each fault of the disk makes the call fail with advice, loses
// nothing that was acknowledged, and has no effect once the disk works again.
func TestDiskFaults(t *testing.T) {
	for fault, c := range map[diskFault]struct{ operation, says string }{
		fullDisk:   {"write", "the disk is full: nothing that was acknowledged is lost; free some space"},
		shortWrite: {"write", "the disk is full: nothing that was acknowledged is lost; free some space"},
		badWrite:   {"write", "the disk failed, or is full: check it"},
		badSync:    {"sync", "the disk failed, or is full: check it"},
	} {
		t.Run(string(fault), func(t *testing.T) {
			k := openOnDisk(t)
			if err := k.put(10_000); err != nil {
				t.Fatal(err)
			}
			theDisk.failing(func(operation, path string) diskFault {
				if operation == c.operation && isLog(path) {
					return fault
				}
				return noFault
			})
			for range 3 {
				if err := k.put(10_000); !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "sweep.db") || strings.Contains(err.Error(), "database or disk is full") {
					t.Errorf("answer = %v: want %q", err, c.says)
				}
			}
			k.audit(t, theDisk.cutPower(t, rand.New(rand.NewPCG(1, 1))))
			theDisk.failing(nil)
			for range 3 {
				if err := k.put(10_000); err != nil {
					t.Errorf("with a working disk: %v", err)
				}
			}
			for _, lost := range k.missing(k.store) {
				t.Error(lost)
			}
			k.audit(t, theDisk.cutPower(t, rand.New(rand.NewPCG(1, 2))))
		})
	}
}

// TestReadOnlyFile checks that Open refuses a read-only file with advice, and leaves it
// intact.
func TestReadOnlyFile(t *testing.T) {
	k := openOnDisk(t)
	if err := errors.Join(k.put(10_000), k.store.Close()); err != nil {
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
		t.Errorf("Open = %v: want one that says that the file is not writable", err)
	}
	theDisk.failing(nil)
	k.audit(t, theDisk.folder)
}

// TestPowerCuts checks that no acknowledged body is lost by random faults of the disk
// followed by a power cut.
func TestPowerCuts(t *testing.T) {
	seen := map[diskFault]int{}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			k := openOnDisk(t)
			for range 6 {
				theDisk.failing(randomFaults(r.Uint64()))
				for range 10 {
					if err := k.put(r.IntN(30_000)); err != nil && !errors.Is(err, queue.ErrUnavailable) {
						t.Errorf("answer = %v: want %v", err, queue.ErrUnavailable)
					}
				}
				k.audit(t, theDisk.cutPower(t, r))
			}
			theDisk.failing(nil)
			if err := k.put(1000); err != nil {
				t.Errorf("with a working disk: %v", err)
			}
			k.audit(t, theDisk.cutPower(t, r))
			for fault, count := range theDisk.counts() {
				seen[fault] += count
			}
		})
	}
	for _, fault := range []diskFault{fullDisk, shortWrite, badWrite, badSync} {
		if seen[fault] == 0 {
			t.Errorf("%s never happened", fault)
		}
	}
}

// randomFaults makes random operations on the log and the file fail. It has its own
// source, because the store still writes concurrently after it has answered.
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
