package service_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/service"
	"spiqsweep/coordinator/store"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// unknownLeases returns leases that were never granted.
func unknownLeases(n int) []*spiqsweepv1.HeldLease {
	held := make([]*spiqsweepv1.HeldLease, n)
	for i := range held {
		held[i] = &spiqsweepv1.HeldLease{Lease: &spiqsweepv1.Lease{Task: fmt.Sprintf("%064x", i), Attempt: 1}, Started: true}
	}
	return held
}

// TestResultWithoutALeaseIsNotUnpacked reports results of a lease that was never granted, and
// of a lease of another process.
func TestResultWithoutALeaseIsNotUnpacked(t *testing.T) {
	b := newFixture(t, 1)
	others := b.lease("other")
	for name, lease := range map[string]*spiqsweepv1.Lease{"never granted": unknownLeases(1)[0].GetLease(), "of another process": others} {
		answer := b.sync(&spiqsweepv1.SyncRequest{
			Process: process(name, 1), Sequence: 1,
			Reports: []*spiqsweepv1.Report{resultReport(lease, []byte("not even compressed"), sweep.Digest(nil))},
		})
		v := answer.GetVerdicts()[0]
		if v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_INVALID || !strings.Contains(v.GetReason(), "never granted to this process") {
			t.Errorf("%s: verdict is %v", name, v)
		}
	}
	if got := b.sync(&spiqsweepv1.SyncRequest{
		Process: process("other", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: others}},
	}); len(got.GetAssignments()) != 1 {
		t.Error("the other process lost its task")
	}
}

// TestUnknownLeasesDoNotHinderRenewal checks that the leases of a worker are renewed even if
// its call names many others.
func TestUnknownLeasesDoNotHinderRenewal(t *testing.T) {
	b := newFixture(t, 300)
	granted := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 300), Sequence: 1, FreeSlots: 300}).GetAssignments()
	held := unknownLeases(2000)
	for _, a := range granted {
		held = append(held, &spiqsweepv1.HeldLease{Lease: a.GetLease(), Step: 1, Started: true})
	}
	answer := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 300), Sequence: 2, Held: held})
	if len(granted) != 300 || len(answer.GetAssignments()) != 300 {
		t.Errorf("%d tasks were granted, and %d are kept, want 300", len(granted), len(answer.GetAssignments()))
	}
}

// countingStore counts the attempts that are looked up, and the tasks that are claimed.
type countingStore struct {
	queue.Store
	read, written, claimed atomic.Int64
	writing                atomic.Int64 // nanoseconds within Update
	recordings             atomic.Int64 // read
}

type countingTx struct {
	queue.Tx
	attempts, recordings *atomic.Int64
}

func (t countingTx) Recording(digest string) ([]byte, bool, error) {
	t.recordings.Add(1)
	return t.Tx.Recording(digest)
}

func (s *countingStore) View(ctx context.Context, f func(queue.Tx) error) error {
	return s.Store.View(ctx, func(tx queue.Tx) error { return f(countingTx{tx, &s.read, &s.recordings}) })
}

func (s *countingStore) Update(ctx context.Context, claim *queue.Claim, f func(queue.Tx) error) error {
	if claim != nil {
		s.claimed.Add(int64(len(claim.Tasks)))
	}
	return s.Store.Update(ctx, claim, func(tx queue.Tx) error {
		began := time.Now()
		defer func() { s.writing.Add(int64(time.Since(began))) }()
		return f(countingTx{tx, &s.written, &s.recordings})
	})
}

func (t countingTx) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	t.attempts.Add(1)
	return t.Tx.Attempt(l)
}

// TestUnknownLeasesCostLittle checks that a call with the maximum number of unknown leases
// looks up and claims only a few of them.
func TestUnknownLeasesCostLittle(t *testing.T) {
	s := &countingStore{Store: queuetest.Memory(time.Now)}
	defer s.Close()
	b := newFixture(t, 1, func(c *service.Config) { c.Queue = queue.New(s, queue.Policy{}) })
	held := unknownLeases(1 << 16)
	reports := make([]*spiqsweepv1.Report, len(held))
	for i, h := range held {
		reports[i] = &spiqsweepv1.Report{Lease: h.GetLease(), Outcome: &spiqsweepv1.Report_HandBack{}}
	}
	for name, r := range map[string]*spiqsweepv1.SyncRequest{
		"held":     {Held: held},
		"reported": {Reports: reports},
	} {
		s.read.Store(0)
		s.written.Store(0)
		s.claimed.Store(0)
		r.Process, r.Sequence = process(name, 1), 1
		b.sync(r)
		if read, written, claimed := s.read.Load(), s.written.Load(), s.claimed.Load(); read > 512 || written > 512 || claimed > 512 {
			t.Errorf("%s: %d attempts are read, %d of them before a write, and %d tasks claimed, want 512 at most", name, read, written, claimed)
		}
	}
}

func TestRecordingIsPackedOnce(t *testing.T) {
	s := &countingStore{Store: queuetest.Memory(time.Now)}
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	b := newFixture(t, 1, func(c *service.Config) { c.Queue = q })
	b.must(q.PutRecording(t.Context(), recordingDigest, recordingBody))
	for range 3 {
		if _, err := b.worker.GetRecording(t.Context(), &spiqsweepv1.GetRecordingRequest{Digest: recordingDigest}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.recordings.Load(); got != 1 {
		t.Errorf("the recording was read %d times, want once", got)
	}
}

// BenchmarkUnknownLeases measures a call with the maximum number of leases, none of which
// was granted, and how long it occupies the writer of a store on disk.
func BenchmarkUnknownLeases(b *testing.B) {
	inner, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "sweep.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer inner.Close()
	s := &countingStore{Store: inner}
	services, implementations := service.Services(service.Config{
		Queue: queue.New(s, queue.Policy{}), Numerics: sweep.Numerics, KernelClass: kernelClass, Log: hclog.NewNullLogger(),
	})
	sync := services[0].Methods[slices.IndexFunc(services[0].Methods, func(m grpc.MethodDesc) bool { return m.MethodName == "Sync" })].Handler
	held := unknownLeases(1 << 16)
	sequence := uint64(0)
	for b.Loop() {
		sequence++
		body, err := proto.Marshal(&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: sequence, Held: held})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sync(implementations[0], context.Background(), func(m any) error { return proto.Unmarshal(body, m.(proto.Message)) }, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.writing.Load())/float64(b.N)/1e6, "writer-ms/op")
}
