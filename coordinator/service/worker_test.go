package service_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func TestTaskIsAssignedAndItsResultAccepted(t *testing.T) {
	b := newFixture(t, 1)
	answer := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, FreeSlots: 1})
	c := sweep.Default()
	want := []*spiqsweepv1.Assignment{{
		Lease: &spiqsweepv1.Lease{Task: string(b.tasks[0]), Attempt: 1},
		Task: &spiqsweepv1.Task{
			Configuration: sweep.Canonical(c), RecordingDigest: recordingDigest, StallTimeout: durationpb.New(10 * time.Minute),
		},
	}}
	if diff := cmp.Diff(want, answer.GetAssignments(), protocmp.Transform(), protocmp.IgnoreFields(&spiqsweepv1.Lease{}, "proof")); diff != "" {
		t.Fatalf("assignments (-want +got):\n%s", diff)
	}
	lease := answer.GetAssignments()[0].GetLease()

	recording, err := b.worker.GetRecording(t.Context(), &spiqsweepv1.GetRecordingRequest{Digest: recordingDigest})
	b.must(err)
	decoder, err := zstd.NewReader(nil)
	b.must(err)
	defer decoder.Close()
	if got, err := decoder.DecodeAll(recording.GetBody(), nil); err != nil || !bytes.Equal(got, recordingBody) {
		t.Errorf("recording is %q, %v", got, err)
	}

	stored, err := b.worker.PutCheckpoint(t.Context(), &spiqsweepv1.PutCheckpointRequest{
		Process: process("p", 1), Lease: lease, Step: 7, Body: []byte("state"),
	})
	b.must(err)
	if !stored.GetStored() {
		t.Error("the checkpoint was not stored")
	}
	checkpoint, err := b.worker.GetCheckpoint(t.Context(), &spiqsweepv1.GetCheckpointRequest{Process: process("p", 1), Lease: lease})
	b.must(err)
	if checkpoint.GetStep() != 7 || string(checkpoint.GetBody()) != "state" {
		t.Errorf("checkpoint is %v", checkpoint)
	}

	body := resultBody(t)
	answer = b.sync(&spiqsweepv1.SyncRequest{
		Process: process("p", 1), Sequence: 2, FreeSlots: 1,
		Held:    []*spiqsweepv1.HeldLease{{Lease: lease, Step: 2000, Started: true}},
		Reports: []*spiqsweepv1.Report{resultReport(lease, packed(t, body), sweep.Digest(body))},
	})
	if len(answer.GetVerdicts()) != 1 || answer.GetVerdicts()[0].GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED || !answer.GetDone() {
		t.Errorf("answer is %v, want accepted and done", answer)
	}
	state, err := b.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{})
	b.must(err)
	wantCounts := &spiqsweepv1.TaskCounts{Planned: 1, Done: 1}
	if diff := cmp.Diff(wantCounts, state.GetCounts(), protocmp.Transform()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func ExampleServer() {
	s := queuetest.Memory(time.Now)
	defer s.Close()
	server := service.New(service.Config{
		Queue: queue.New(s, queue.Policy{}), Sweep: sweepID,
		WorkerToken: credentials.NewToken(), OperatorToken: credentials.NewToken(),
		Numerics: sweep.Numerics, KernelClass: kernelClass, Log: hclog.NewNullLogger(),
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	unknown := credentials.File{Role: credentials.Worker, Token: credentials.NewToken()}
	connection, err := unknown.Dial(listener.Addr().String())
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	_, err = spiqsweepv1.NewWorkerServiceClient(connection).Sync(context.Background(), &spiqsweepv1.SyncRequest{})
	fmt.Println(status.Convert(err).Message())

	server.Stop(context.Background())
	fmt.Println(<-served)
	// Output:
	// unauthenticated
	// <nil>
}

// TestResultAfterRestoringAnOlderStore checks that a coordinator whose store was replaced by
// an older copy accepts the result of a lease with a valid proof, and warns operators.
func TestResultAfterRestoringAnOlderStore(t *testing.T) {
	newer, older := newFixture(t, 1), newFixture(t, 1)
	lease := newer.lease("p")
	body := resultBody(t)
	report := func(id string, sequence uint64, l *spiqsweepv1.Lease) *spiqsweepv1.Verdict {
		t.Helper()
		answer := older.sync(&spiqsweepv1.SyncRequest{
			Process: process(id, 1), Sequence: sequence, Held: []*spiqsweepv1.HeldLease{{Lease: l}},
			Reports: []*spiqsweepv1.Report{resultReport(l, packed(t, body), sweep.Digest(body))},
		})
		if len(answer.GetVerdicts()) != 1 {
			t.Fatalf("verdicts: %v", answer.GetVerdicts())
		}
		return answer.GetVerdicts()[0]
	}
	unproven := &spiqsweepv1.Lease{Task: lease.GetTask(), Attempt: 1}
	if v := report("p", 1, unproven); v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_INVALID || !strings.Contains(v.GetReason(), "never granted") {
		t.Errorf("a lease without a proof: %v", v)
	}
	if v := report("q", 1, lease); v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_INVALID {
		t.Errorf("the lease of another process: %v", v)
	}
	if v := report("p", 2, lease); v.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED {
		t.Errorf("a lease with its proof: %v", v)
	}
	status, err := older.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{})
	if err != nil || status.GetCounts().GetDone() != 1 || len(status.GetWarnings()) != 1 || !strings.Contains(status.GetWarnings()[0], "older than its workers") {
		t.Errorf("status: %v, %v", status, err)
	}
}
