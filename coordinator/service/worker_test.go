package service

import (
	"context"
	"testing"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func newWorker() *worker {
	return &worker{rules: Rules{Config{Numerics: sweep.Numerics, Log: hclog.NewNullLogger()}}, atWork: semaphore.NewWeighted(maxAtWork)}
}

// reporting is a Sync that reports one result.
func reporting(body []byte) *spiqsweepv1.SyncRequest {
	lease := &spiqsweepv1.Lease{Task: sweep.Digest(nil), Attempt: 1, Proof: seal("").proof("p", sweep.Digest(nil), 1)}
	return &spiqsweepv1.SyncRequest{
		Process:  &spiqsweepv1.Process{Id: "p", Slots: 1, Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics},
		Sequence: 1,
		Held:     []*spiqsweepv1.Held{{Lease: lease}},
		Reports: []*spiqsweepv1.Report{{
			Lease:   lease,
			Outcome: &spiqsweepv1.Report_Result{Result: &spiqsweepv1.Result{Body: body, Digest: sweep.Digest(nil)}},
		}},
	}
}

// TestACallCountsAsWhatItUnpacksTo: not as what it claims, once that is known.
func TestACallCountsAsWhatItUnpacksTo(t *testing.T) {
	large := wire.Pack(make([]byte, 1<<20))
	lie := wire.Pack(make([]byte, maxAtWork))[:20] // says how large it would be
	if size := wire.UnpackedSize(lie); size != maxAtWork {
		t.Fatalf("it claims %d bytes", size)
	}
	for name, test := range map[string]struct {
		body []byte
		want int64
	}{
		"small":  {wire.Pack(nil), leastAtWork},
		"large":  {large, 1 << 20},
		"broken": {[]byte("no frame"), leastAtWork},
		"a lie":  {lie, leastAtWork},
	} {
		w := newWorker()
		_, leave, err := w.unpack(t.Context(), reporting(test.body), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.atWork.TryAcquire(maxAtWork - test.want + 1) {
			t.Errorf("%s: counts as less than %d", name, test.want)
		}
		if !w.atWork.TryAcquire(maxAtWork - test.want) {
			t.Fatalf("%s: counts as more than %d", name, test.want)
		}
		w.atWork.Release(maxAtWork - test.want)
		leave()
		if !w.atWork.TryAcquire(maxAtWork) {
			t.Errorf("%s: not all was given back", name)
		}
	}
}

// TestACallWaitsForRoom: as long as its caller does.
func TestACallWaitsForRoom(t *testing.T) {
	w := newWorker()
	_ = w.atWork.TryAcquire(maxAtWork)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.unpack(gone, reporting(nil), nil); status.Code(err) != codes.Canceled {
		t.Errorf("there is no room: %v", err)
	}
	idle := reporting(nil)
	idle.Reports = nil
	if _, _, err := w.unpack(gone, idle, nil); err != nil {
		t.Errorf("a call without results: %v", err)
	}
}

// TestProofs: a proof is of one lease, one process and one coordinator's secret.
func TestProofs(t *testing.T) {
	s := seal("secret")
	lease := &spiqsweepv1.Lease{Task: "t", Attempt: 1, Proof: s.proof("p", "t", 1)}
	if !s.proves("p", lease) {
		t.Error("a proof does not prove its own lease")
	}
	for name, proves := range map[string]bool{
		"another process": s.proves("q", lease),
		"another secret":  seal("other").proves("p", lease),
		"another attempt": s.proves("p", &spiqsweepv1.Lease{Task: "t", Attempt: 2, Proof: lease.Proof}),
		"another task":    s.proves("p", &spiqsweepv1.Lease{Task: "u", Attempt: 1, Proof: lease.Proof}),
		"a shorter one":   s.proves("p", &spiqsweepv1.Lease{Task: "t", Attempt: 1, Proof: lease.Proof[:15]}),
		"none":            s.proves("p", &spiqsweepv1.Lease{Task: "t", Attempt: 1}),
		"no lease":        s.proves("p", nil),
	} {
		if proves {
			t.Errorf("%s is proven", name)
		}
	}
}
