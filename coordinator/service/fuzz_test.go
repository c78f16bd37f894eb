package service_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// FuzzHandlers sends any message to every method. Nothing may panic, stall or
// be a fault of the coordinator.
func FuzzHandlers(f *testing.F) {
	lease := &spiqsweepv1.Lease{Task: string(newRig(f, 1).tasks[0]), Attempt: 1}
	body := resultBody(f)
	digest, bits := raster(f)
	head, tasks := other(digest, 2)
	head.Tasks = tasks.GetTasks()
	seeds := []proto.Message{
		&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, FreeSlots: 1},
		&spiqsweepv1.SyncRequest{
			Process: process("p", 1), Sequence: 2, Held: []*spiqsweepv1.Held{{Lease: lease, Step: 3, Started: true}},
			Reports: []*spiqsweepv1.Report{
				resultReport(lease, packed(f, body), "0"),
				{Lease: lease},
				{Lease: lease, Outcome: &spiqsweepv1.Report_Failure{Failure: &spiqsweepv1.Failure{Message: "NaN", Log: "step 3"}}},
				{Lease: lease, Outcome: &spiqsweepv1.Report_HandBack{}},
			},
		},
		&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 3, Draining: true},
		&spiqsweepv1.GetRecordingRequest{Digest: recordingDigest},
		&spiqsweepv1.PutCheckpointRequest{Process: process("p", 1), Lease: lease, Step: 9, Body: []byte("state")},
		&spiqsweepv1.GetCheckpointRequest{Process: process("p", 1), Lease: lease},
		&spiqsweepv1.RetryRequest{Tasks: []string{lease.Task}, Diverged: true},
		&spiqsweepv1.CancelRequest{Selection: &spiqsweepv1.Selection{
			Sweep: "test", Tasks: []string{lease.Task[:8]}, Cells: []*spiqsweepv1.CellFilter{{Settings: map[string]string{"n": "2"}}},
		}},
		&spiqsweepv1.DrainRequest{Processes: []string{"p"}, Hosts: []string{"host"}},
		&spiqsweepv1.VerifyRequest{Share: 0.5, Seed: 1},
		&spiqsweepv1.GetStatusRequest{Sweep: sweepID},
		&spiqsweepv1.PutRecordingRequest{Digest: digest, Body: packed(f, bits)},
		head, tasks,
	}
	for _, seed := range seeds {
		message, err := proto.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		for method := range methods {
			f.Add(uint8(method), message)
		}
	}
	b := newRig(f, 3)
	worker, operator := b.dial(workerToken), b.dial(operatorToken)
	f.Fuzz(func(t *testing.T, method uint8, message []byte) {
		path := methods[int(method)%len(methods)]
		connection := worker
		if path.operator {
			connection = operator
		}
		// An idle worker may wait for work: that is no stall.
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		var answer raw
		err := connection.Invoke(ctx, path.name, (*raw)(&message), &answer, grpc.ForceCodec(asIs{}))
		switch status.Code(err) {
		case codes.OK, codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition, codes.DeadlineExceeded:
		case codes.Internal: // grpc could not parse the message; a panic or a fault of ours is Internal, too
			if status.Convert(err).Message() != "" && !isParseError(err) {
				t.Fatalf("%s: %v", path.name, err)
			}
		default:
			t.Fatalf("%s: %v", path.name, err)
		}
	})
}

var methods = []struct {
	name     string
	operator bool
}{
	{spiqsweepv1.WorkerService_Sync_FullMethodName, false},
	{spiqsweepv1.WorkerService_GetRecording_FullMethodName, false},
	{spiqsweepv1.WorkerService_PutCheckpoint_FullMethodName, false},
	{spiqsweepv1.WorkerService_GetCheckpoint_FullMethodName, false},
	{spiqsweepv1.OperatorService_ListSweeps_FullMethodName, true},
	{spiqsweepv1.OperatorService_GetSweep_FullMethodName, true},
	{spiqsweepv1.OperatorService_GetStatus_FullMethodName, true},
	{spiqsweepv1.OperatorService_PutRecording_FullMethodName, true},
	{spiqsweepv1.OperatorService_PlanSweep_FullMethodName, true},
	{spiqsweepv1.OperatorService_ForgetSweep_FullMethodName, true},
	{spiqsweepv1.OperatorService_ListRows_FullMethodName, true},
	{spiqsweepv1.OperatorService_ListAttempts_FullMethodName, true},
	{spiqsweepv1.OperatorService_Retry_FullMethodName, true},
	{spiqsweepv1.OperatorService_Cancel_FullMethodName, true},
	{spiqsweepv1.OperatorService_Drain_FullMethodName, true},
	{spiqsweepv1.OperatorService_Verify_FullMethodName, true},
}

// raw is a message that is sent as it is.
type raw []byte

// asIs is a codec for raw.
type asIs struct{}

func (asIs) Name() string                       { return "proto" }
func (asIs) Marshal(v any) ([]byte, error)      { return *v.(*raw), nil }
func (asIs) Unmarshal(data []byte, v any) error { *v.(*raw) = append([]byte{}, data...); return nil }

func isParseError(err error) bool {
	return strings.Contains(status.Convert(err).Message(), "failed to unmarshal the received message") ||
		strings.Contains(status.Convert(err).Message(), "error unmarshalling request")
}
