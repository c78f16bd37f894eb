package service

import (
	"bytes"
	"context"
	"testing"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func newWorker() *worker {
	return &worker{rules: Rules{Config{Numerics: sweep.Numerics, Log: hclog.NewNullLogger()}}, decoding: semaphore.NewWeighted(maxDecoding)}
}

// syncWithResult returns a Sync that reports one result.
func syncWithResult(body []byte) *spiqsweepv1.SyncRequest {
	lease := &spiqsweepv1.Lease{Task: sweep.Digest(nil), Attempt: 1, Proof: leaseKey("").proof("p", sweep.Digest(nil), 1)}
	return &spiqsweepv1.SyncRequest{
		Process:  &spiqsweepv1.Process{Id: "p", Slots: 1, Protocol: spiqsweepv1.ProtocolVersion, Numerics: sweep.Numerics},
		Sequence: 1,
		Held:     []*spiqsweepv1.HeldLease{{Lease: lease}},
		Reports: []*spiqsweepv1.Report{{
			Lease:   lease,
			Outcome: &spiqsweepv1.Report_Result{Result: &spiqsweepv1.Result{Body: body, Digest: sweep.Digest(nil)}},
		}},
	}
}

// TestDecodeReservesTheRealSize checks that after decoding, a call occupies its real size
// and not the size that it claims.
func TestDecodeReservesTheRealSize(t *testing.T) {
	large := protocol.Pack(make([]byte, 1<<20))
	lie := protocol.Pack(make([]byte, maxDecoding))[:20] // the header with the size
	if size := protocol.UnpackedSize(lie); size != maxDecoding {
		t.Fatalf("it claims %d bytes", size)
	}
	for name, test := range map[string]struct {
		body []byte
		want int64
	}{
		"small":  {protocol.Pack(nil), minDecoding},
		"large":  {large, 1 << 20},
		"broken": {[]byte("no frame"), minDecoding},
		"a lie":  {lie, minDecoding},
	} {
		w := newWorker()
		_, release, err := w.reserveAndDecode(t.Context(), syncWithResult(test.body), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.decoding.TryAcquire(maxDecoding - test.want + 1) {
			t.Errorf("%s: counts as less than %d", name, test.want)
		}
		if !w.decoding.TryAcquire(maxDecoding - test.want) {
			t.Fatalf("%s: counts as more than %d", name, test.want)
		}
		w.decoding.Release(maxDecoding - test.want)
		release()
		if !w.decoding.TryAcquire(maxDecoding) {
			t.Errorf("%s: the reservation was not released", name)
		}
	}
}

// TestDecodeKeepsTheCompressedResult checks that the store need not compress a result again.
func TestDecodeKeepsTheCompressedResult(t *testing.T) {
	body := []byte("the body of a result")
	call, release, err := newWorker().reserveAndDecode(t.Context(), syncWithResult(protocol.Pack(body)), nil)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if r := call.Reports[0].Result; !bytes.Equal(r.Body, body) || !bytes.Equal(r.Packed, protocol.Pack(body)) {
		t.Errorf("decoded %+v", r)
	}
}

// TestDecodeWaitsForMemory checks that a call with results waits until its context ends.
func TestDecodeWaitsForMemory(t *testing.T) {
	w := newWorker()
	_ = w.decoding.TryAcquire(maxDecoding)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.reserveAndDecode(gone, syncWithResult(nil), nil); status.Code(err) != codes.Canceled {
		t.Errorf("without free memory: %v", err)
	}
	idle := syncWithResult(nil)
	idle.Reports = nil
	if _, _, err := w.reserveAndDecode(gone, idle, nil); err != nil {
		t.Errorf("a call without results: %v", err)
	}
}

// TestProofs checks that a proof is valid for one lease, one process and one key only.
func TestProofs(t *testing.T) {
	key := leaseKey("secret")
	lease := &spiqsweepv1.Lease{Task: "t", Attempt: 1, Proof: key.proof("p", "t", 1)}
	if !key.verify("p", lease) {
		t.Error("a valid proof is rejected")
	}
	for name, valid := range map[string]bool{
		"another process": key.verify("q", lease),
		"another secret":  leaseKey("other").verify("p", lease),
		"another attempt": key.verify("p", &spiqsweepv1.Lease{Task: "t", Attempt: 2, Proof: lease.Proof}),
		"another task":    key.verify("p", &spiqsweepv1.Lease{Task: "u", Attempt: 1, Proof: lease.Proof}),
		"a shorter one":   key.verify("p", &spiqsweepv1.Lease{Task: "t", Attempt: 1, Proof: lease.Proof[:15]}),
		"none":            key.verify("p", &spiqsweepv1.Lease{Task: "t", Attempt: 1}),
		"no lease":        key.verify("p", nil),
	} {
		if valid {
			t.Errorf("%s: the proof is valid", name)
		}
	}
}
