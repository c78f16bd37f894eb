package service_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// raster returns the digest and the binary form of a recording of one neuron.
func raster(t testing.TB) (digest string, body []byte) {
	t.Helper()
	r := recording.Raster{Neurons: 1, Repeats: 2, Bins: 4, BinMS: 20, Words: []uint32{0, 1, 0, 0, 1, 0, 0, 1}, NeuronIDs: []int{7}}
	body, err := r.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return r.Digest(), body
}

// secondSweep returns the messages of a plan: the sweep, and its tasks.
func secondSweep(digest string, tasks int) (head *spiqsweepv1.PlanSweepRequest, body *spiqsweepv1.PlanSweepRequest) {
	head = &spiqsweepv1.PlanSweepRequest{
		Sweep: &spiqsweepv1.Sweep{Id: "another", Name: "other", Numerics: sweep.Numerics, KernelClass: kernelClass},
		Grid:  []byte("sweep \"other\" {}"),
	}
	body = &spiqsweepv1.PlanSweepRequest{}
	for i := range tasks {
		c := sweep.Default()
		c.Seed = 77
		c.Replicate = i
		body.Tasks = append(body.Tasks, &spiqsweepv1.PlannedTask{
			Task:          string(sweep.NewTaskID(c, digest, sweep.Numerics, kernelClass)),
			Configuration: sweep.Canonical(c), RecordingDigest: digest, Row: uint64(i), Order: uint64(i), Cost: 3,
		})
	}
	return head, body
}

// plan sends the messages of a plan.
func (b *fixture) plan(messages ...*spiqsweepv1.PlanSweepRequest) (*spiqsweepv1.PlanSweepResponse, error) {
	b.Helper()
	stream, err := b.operator.PlanSweep(b.Context())
	b.must(err)
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			break // CloseAndRecv returns the reason
		}
	}
	return stream.CloseAndRecv()
}

func (b *fixture) put(digest string, body []byte) error {
	_, err := b.operator.PutRecording(b.Context(), &spiqsweepv1.PutRecordingRequest{Digest: digest, Body: packed(b, body)})
	return err
}

func TestSweepIsSubmittedReadAndDeleted(t *testing.T) {
	b := newFixture(t, 1)
	digest, body := raster(t)
	b.must(b.put(digest, body))
	head, tasks := secondSweep(digest, 3)
	revision, err := b.plan(head, tasks)
	b.must(err)
	if diff := cmp.Diff(&spiqsweepv1.PlanSweepResponse{Revision: 1, Added: 3}, revision, protocmp.Transform()); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}

	list, err := b.operator.ListSweeps(t.Context(), &spiqsweepv1.ListSweepsRequest{})
	b.must(err)
	var names []string
	for _, s := range list.GetSweeps() {
		names = append(names, s.GetName())
		if s.GetCounts().GetPending() == 0 || s.GetCreatedAt() == nil {
			t.Errorf("listed: %v", s)
		}
	}
	if diff := cmp.Diff([]string{"test", "other"}, names); diff != "" {
		t.Errorf("sweeps (-want +got):\n%s", diff)
	}
	one, err := b.operator.GetSweep(t.Context(), &spiqsweepv1.GetSweepRequest{Sweep: "other"})
	b.must(err)
	if one.GetSweep().GetId() != "another" || string(one.GetGrid()) != string(head.GetGrid()) {
		t.Errorf("sweep is %v", one)
	}
	for name, want := range map[string]string{"": "test", "other": "other", "another": "other"} {
		answer, err := b.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{Sweep: name})
		b.must(err)
		if answer.GetName() != want {
			t.Errorf("the status of %q is that of %q", name, answer.GetName())
		}
	}

	rows := b.rows("other")
	for i, row := range rows {
		// Rows omit the configuration and the recording, which follow from the grid.
		without := protocmp.IgnoreFields(&spiqsweepv1.PlannedTask{}, "configuration", "recording_digest")
		if diff := cmp.Diff(tasks.GetTasks()[i], row.GetTask(), protocmp.Transform(), without); diff != "" || row.GetState() != "pending" {
			t.Errorf("row %d is %s (-want +got):\n%s", i, row.GetState(), diff)
		}
	}
	if len(rows) != 3 {
		t.Errorf("%d rows, want 3", len(rows))
	}

	_, err = b.operator.DeleteSweep(t.Context(), &spiqsweepv1.DeleteSweepRequest{Sweep: "other"})
	b.must(err)
	_, err = b.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{Sweep: "other"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("status of a deleted sweep: %v", err)
	}
}

// rows returns the rows of a sweep.
func (b *fixture) rows(sweep string) (rows []*spiqsweepv1.Row) {
	b.Helper()
	stream, err := b.operator.ListRows(b.Context(), &spiqsweepv1.ListRowsRequest{Sweep: sweep})
	b.must(err)
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return rows
		}
		b.must(err)
		if proto.Size(answer) > 1<<20 && len(answer.GetRows()) > 1 {
			b.Errorf("a batch of %d rows takes %d bytes", len(answer.GetRows()), proto.Size(answer))
		}
		rows = append(rows, answer.GetRows()...)
	}
}

func TestResultsAndAttemptsAreStreamed(t *testing.T) {
	b := newFixture(t, 1)
	lease := b.lease("p")
	body := resultBody(t)
	b.sync(&spiqsweepv1.SyncRequest{
		Process: process("p", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease, Step: 2000, Started: true}},
		Reports: []*spiqsweepv1.Report{resultReport(lease, packed(t, body), sweep.Digest(body))},
	})
	rows := b.rows("")
	if len(rows) != 1 || rows[0].GetState() != "done" || rows[0].GetResultDigest() != sweep.Digest(body) || len(rows[0].GetMeasures()) == 0 {
		t.Errorf("rows: %v", rows)
	}
	result, err := b.operator.GetResult(t.Context(), &spiqsweepv1.GetResultRequest{Task: rows[0].GetTask().GetTask(), Digest: rows[0].GetResultDigest()})
	b.must(err)
	if !bytes.Equal(result.GetBody(), protocol.Pack(body)) {
		t.Errorf("a result of %d bytes", len(result.GetBody()))
	}
	if _, err := b.operator.GetResult(t.Context(), &spiqsweepv1.GetResultRequest{Task: rows[0].GetTask().GetTask(), Digest: sweep.Digest(nil)}); status.Code(err) != codes.NotFound {
		t.Errorf("a result that was never reported: %v", err)
	}
	stream, err := b.operator.ListAttempts(t.Context(), &spiqsweepv1.ListAttemptsRequest{})
	b.must(err)
	answer, err := stream.Recv()
	b.must(err)
	if got := answer.GetAttempts(); len(got) != 1 || got[0].GetTask() != lease.GetTask() || got[0].GetOutcome() != "accepted" || got[0].GetEndedAt() == nil {
		t.Errorf("attempts: %v", got)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last attempt: %v", err)
	}
}

// TestInvalidPlanChangesNothing puts one fault into a plan of two tasks.
func TestInvalidPlanChangesNothing(t *testing.T) {
	b := newFixture(t, 1)
	digest, body := raster(t)
	b.must(b.put(digest, body))
	type plan = spiqsweepv1.PlanSweepRequest
	for name, c := range map[string]struct {
		spoil func(head, tasks *plan)
		code  codes.Code
		want  string
	}{
		"no name":         {func(h, _ *plan) { h.Sweep.Name = "" }, codes.InvalidArgument, "must have a name"},
		"an odd name":     {func(h, _ *plan) { h.Sweep.Name = "a\nb" }, codes.InvalidArgument, "printable"},
		"no sweep":        {func(h, _ *plan) { h.Sweep = nil }, codes.InvalidArgument, "must have a name"},
		"a huge grid":     {func(h, _ *plan) { h.Grid = make([]byte, 2<<20) }, codes.InvalidArgument, "the grid takes"},
		"other numerics":  {func(h, _ *plan) { h.Sweep.Numerics++ }, codes.FailedPrecondition, "update the coordinator"},
		"another class":   {func(h, _ *plan) { h.Sweep.KernelClass = "simd/x" }, codes.FailedPrecondition, "--kernel portable/amd64"},
		"a wrong ID":      {func(_, t *plan) { t.Tasks[1].Task = t.Tasks[0].Task }, codes.InvalidArgument, "is not that of its configuration"},
		"an odd ID":       {func(_, t *plan) { t.Tasks[1].Task = "x" }, codes.InvalidArgument, "SHA-256"},
		"a configuration": {func(_, t *plan) { t.Tasks[1].Configuration = []byte("{}") }, codes.InvalidArgument, "configuration"},
		"a far row":       {func(_, t *plan) { t.Tasks[1].Row = 1 << 40 }, codes.InvalidArgument, "row"},
		"the same row":    {func(_, t *plan) { t.Tasks[1].Row = 0 }, codes.InvalidArgument, "row"},
		"a negative cost": {func(_, t *plan) { t.Tasks[1].Cost = -1 }, codes.InvalidArgument, "cost"},
	} {
		t.Run(name, func(t *testing.T) {
			head, tasks := secondSweep(digest, 2)
			c.spoil(head, tasks)
			_, err := b.plan(head, tasks)
			if status.Code(err) != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %v with %q", err, c.code, c.want)
			}
		})
	}
	head, tasks := secondSweep(strings.Repeat("0", 64), 1)
	if _, err := b.plan(head, tasks); status.Code(err) != codes.NotFound {
		t.Errorf("a plan with an unknown recording: %v", err)
	}
	if _, err := b.plan(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a plan without a message: %v", err)
	}
	list, err := b.operator.ListSweeps(t.Context(), &spiqsweepv1.ListSweepsRequest{})
	b.must(err)
	if len(list.GetSweeps()) != 1 {
		t.Errorf("%d sweeps are stored, want only the first", len(list.GetSweeps()))
	}
}

func TestRecordingMustMatchItsDigest(t *testing.T) {
	b := newFixture(t, 1)
	digest, body := raster(t)
	for name, err := range map[string]error{
		"another digest": b.put(strings.Repeat("0", 64), body),
		"cut":            b.put(digest, body[:len(body)-1]),
		"no recording":   b.put(digest, []byte("bits")),
	} {
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want InvalidArgument", name, err)
		}
	}
}
