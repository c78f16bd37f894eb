package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/coordinator/store/storetest/postgres"
)

// TestSize checks that the size of a store grows with what is written, and that only the
// free space of a file's disk is known.
func TestSize(t *testing.T) {
	t.Parallel()
	body := make([]byte, 1<<20)
	_, _ = rand.Read(body) // PostgreSQL compresses others
	for name, test := range map[string]struct {
		open              func(testing.TB, func() time.Time) queue.Store
		known, knownSpace bool
	}{
		"SQLite": {openSQLite, true, true},
		"PostgreSQL": {func(t testing.TB, now func() time.Time) queue.Store {
			return open(t, postgres.Database(t), store.WithClock(now))
		}, true, false},
		"memory": {openMemory, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.open(t, time.Now)
			before, free := store.Size(t.Context(), s)
			if err := s.Update(t.Context(), nil, func(tx queue.Tx) error { return tx.PutRecording("digest", body) }); err != nil {
				t.Fatal(err)
			}
			after, _ := store.Size(t.Context(), s)
			if grows := before > 0 && after >= before+1<<19; grows != test.known || free > 0 != test.knownSpace {
				t.Errorf("%d bytes, then %d with 1 MiB more (some in the present log); %d are free", before, after, free)
			}
			if !test.known && (before != -1 || after != -1) || !test.knownSpace && free != -1 {
				t.Errorf("unknown values are %d, %d, %d: want -1", before, after, free)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if size, _ := store.Size(t.Context(), s); name == "PostgreSQL" && size != -1 {
				t.Errorf("a closed store has %d bytes", size)
			}
		})
	}
}
