package service_test

import (
	"slices"
	"testing"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// TestOperatorCalls cancels a running task, whose worker learns it with its next call, and
// makes the other calls of an operator.
func TestOperatorCalls(t *testing.T) {
	b := newFixture(t, 3)
	lease := b.lease("p")
	cancelled, err := b.operator.Cancel(t.Context(), &spiqsweepv1.CancelRequest{Selection: &spiqsweepv1.Selection{
		Sweep: "test", Tasks: []string{lease.GetTask()[:12]}, Configurations: []*spiqsweepv1.ConfigurationFilter{{Settings: map[string]string{"n": "2", "t": "1"}}},
	}})
	if err != nil || cancelled.GetCancelled() != 1 || cancelled.GetShared() != 0 {
		t.Fatalf("cancelled: %v, %v", cancelled, err)
	}
	answer := b.sync(&spiqsweepv1.SyncRequest{
		Process: process("p", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease, Started: true, Step: 1}},
	})
	if len(answer.GetAssignments()) != 0 || answer.GetDrain() {
		t.Errorf("the holder of a cancelled task gets %v", answer)
	}

	reopened, err := b.operator.Retry(t.Context(), &spiqsweepv1.RetryRequest{Selection: &spiqsweepv1.Selection{}})
	if err != nil || reopened.GetReopened() != 1 {
		t.Errorf("reopened: %v, %v", reopened, err)
	}

	done := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 3, FreeSlots: 1}).GetAssignments()[0].GetLease()
	body := resultBody(t)
	b.sync(&spiqsweepv1.SyncRequest{
		Process: process("p", 1), Sequence: 4, Held: []*spiqsweepv1.HeldLease{{Lease: done}},
		Reports: []*spiqsweepv1.Report{resultReport(done, packed(t, body), sweep.Digest(body))},
	})
	verified, err := b.operator.Verify(t.Context(), &spiqsweepv1.VerifyRequest{Share: 1})
	if err != nil || !slices.Equal(verified.GetTasks(), []string{done.GetTask()}) {
		t.Errorf("verified: %v, %v", verified, err)
	}
	status, err := b.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{})
	if err != nil || status.GetCounts().GetDone() != 1 || status.GetCounts().GetVerifying() != 1 {
		t.Errorf("status: %v, %v", status, err)
	}

	drained, err := b.operator.Drain(t.Context(), &spiqsweepv1.DrainRequest{})
	if err != nil || drained.GetDraining() != 1 {
		t.Errorf("drained: %v, %v", drained, err)
	}
	answer = b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 5, FreeSlots: 1})
	if len(answer.GetAssignments()) != 0 || !answer.GetDrain() {
		t.Errorf("a draining worker gets %v", answer)
	}
}
