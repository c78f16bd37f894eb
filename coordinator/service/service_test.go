package service_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
	"spiqsweep/coordinator/store"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sweepID     = "11111111-2222-3333-4444-555555555555"
	kernelClass = "portable/amd64"
)

var (
	workerToken, operatorToken = credentials.NewToken(), credentials.NewToken()
	recordingBody              = []byte("the bits")
	recordingDigest            = sweep.Digest(recordingBody)
)

// bench is a server on a store in memory, and clients of it.
type bench struct {
	testing.TB
	queue    *queue.Queue
	server   *service.Server
	listener *bufconn.Listener
	tasks    []sweep.TaskID
	worker   spiqsweepv1.WorkerServiceClient
	operator spiqsweepv1.OperatorServiceClient
}

// newBench plans so many tasks and serves them.
func newBench(t testing.TB, tasks int) *bench {
	t.Helper()
	s := store.Memory()
	b := &bench{TB: t, queue: queue.New(s, queue.Policy{}), listener: bufconn.Listen(1 << 20)}
	var planned []queue.Planned
	for i := range tasks {
		c := sweep.Default()
		c.Replicate = i
		id := sweep.NewTaskID(c, recordingDigest, sweep.Numerics, kernelClass)
		b.tasks = append(b.tasks, id)
		planned = append(planned, queue.Planned{
			Task: sweep.Task{ID: id, Configuration: c, Recording: recordingDigest}, Row: i, Order: i, Cost: 60,
		})
	}
	b.must(b.queue.PutRecording(context.Background(), recordingDigest, recordingBody))
	_, err := b.queue.Plan(context.Background(), queue.Sweep{
		ID: sweepID, Name: "test", Numerics: sweep.Numerics, KernelClass: kernelClass,
	}, planned)
	b.must(err)
	b.server = service.New(service.Config{
		Queue: b.queue, Sweep: sweepID, WorkerToken: workerToken, OperatorToken: operatorToken,
		Numerics: sweep.Numerics, KernelClass: kernelClass, Log: hclog.NewNullLogger(),
	})
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(b.listener) }()
	b.worker = spiqsweepv1.NewWorkerServiceClient(b.dial(workerToken))
	b.operator = spiqsweepv1.NewOperatorServiceClient(b.dial(operatorToken))
	t.Cleanup(func() {
		for range 2 { // twice is as good as once
			b.server.Stop(context.Background())
		}
		b.must(<-served)
		b.must(s.Close())
	})
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// dial connects with a token; "" shows none.
func (b *bench) dial(token string) *grpc.ClientConn {
	b.Helper()
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return b.listener.DialContext(ctx) }),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(shown(token)))
	}
	connection, err := grpc.NewClient("passthrough:///bench", options...)
	b.must(err)
	b.Cleanup(func() { connection.Close() })
	return connection
}

type shown string

func (s shown) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(s)}, nil
}

func (shown) RequireTransportSecurity() bool { return false }

// process is a worker with so many slots.
func process(id string, slots uint32) *spiqsweepv1.Process {
	return &spiqsweepv1.Process{
		Id: id, Host: "host", ProgramVersion: "v0", Protocol: spiqsweepv1.ProtocolVersion,
		Numerics: sweep.Numerics, KernelClass: kernelClass, Kernel: "portable", Slots: slots,
	}
}

// sync makes a call that must be answered.
func (b *bench) sync(r *spiqsweepv1.SyncRequest) *spiqsweepv1.SyncResponse {
	b.Helper()
	answer, err := b.worker.Sync(context.Background(), r)
	b.must(err)
	return answer
}

// take leases the next task for a new process.
func (b *bench) take(id string) *spiqsweepv1.Lease {
	b.Helper()
	answer := b.sync(&spiqsweepv1.SyncRequest{Process: process(id, 1), Sequence: 1, FreeSlots: 1})
	if len(answer.GetAssignments()) != 1 {
		b.Fatalf("%d assignments, want 1", len(answer.GetAssignments()))
	}
	return answer.GetAssignments()[0].GetLease()
}

// resultBody is a result that a task of the bench may have.
func resultBody(t testing.TB) []byte {
	t.Helper()
	c := sweep.Default()
	vectors := map[string][]float64{}
	for _, name := range sweep.StatisticNames {
		if n := sweep.StatisticLength(name, c.Neurons, c.Timesteps); n > 0 {
			vectors[name] = slices.Repeat([]float64{1 / float64(n)}, n)
		}
	}
	numbers := map[string]float64{"k_probability": 1e-5, "firing_rate_hz2": 0.01, "covariance": 1e-6, "rate_by_step_hz2": 0.01, "js_bits": 0.01}
	errors := map[string]float64{"js_k_probability_bits": 0.01}
	for name, value := range numbers {
		errors[name] = value
	}
	r := sweep.Result{
		TrainableParameters: c.TrainableParameters(),
		Errors:              errors, Floors: numbers, Model: vectors, Data: vectors,
		Angles:  [][][][2]float64{slices.Repeat([][][2]float64{{{0, math.Pi}, {0, 1}}}, c.Circuit.Layers)},
		Samples: slices.Repeat([][]uint32{{1}}, sweep.SampleWindows),
	}
	if err := r.Validate(c); err != nil {
		t.Fatal(err)
	}
	body, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func packed(t testing.TB, body []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return encoder.EncodeAll(body, nil)
}

func resultReport(l *spiqsweepv1.Lease, packed []byte, digest string) *spiqsweepv1.Report {
	return &spiqsweepv1.Report{Lease: l, Outcome: &spiqsweepv1.Report_Result{Result: &spiqsweepv1.Result{
		Body: packed, Digest: digest, ComputeTime: durationpb.New(time.Second),
	}}}
}

func TestATaskGoesOutAndItsResultComesBack(t *testing.T) {
	b := newBench(t, 1)
	answer := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, FreeSlots: 1})
	c := sweep.Default()
	want := []*spiqsweepv1.Assignment{{
		Lease: &spiqsweepv1.Lease{Task: string(b.tasks[0]), Attempt: 1},
		Task: &spiqsweepv1.Task{
			Configuration: sweep.Canonical(c), RecordingDigest: recordingDigest, StallTimeout: durationpb.New(10 * time.Minute),
		},
	}}
	if diff := cmp.Diff(want, answer.GetAssignments(), protocmp.Transform()); diff != "" {
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
		Held:    []*spiqsweepv1.Held{{Lease: lease, Step: 2000, Started: true}},
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

// TestOneBadResultSpoilsNoOther reports a good result beside each kind of bad one.
func TestOneBadResultSpoilsNoOther(t *testing.T) {
	body := resultBody(t)
	bomb := packed(t, make([]byte, 65<<20))
	huge := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, bytes.Repeat([]byte{0xff}, 7)...) // claims 2⁶³ bytes
	tests := map[string]struct {
		report func(*spiqsweepv1.Lease) *spiqsweepv1.Report
		why    string
	}{
		"not compressed": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return resultReport(l, body, sweep.Digest(body)) }, "unpack"},
		"a bomb":         {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return resultReport(l, bomb, sweep.Digest(body)) }, "at most"},
		"a false claim":  {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return resultReport(l, huge, sweep.Digest(body)) }, "unpack"},
		"another digest": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			return resultReport(l, packed(t, body), strings.Repeat("0", 64))
		}, "digest"},
		"no outcome": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report { return &spiqsweepv1.Report{Lease: l} }, "no outcome"},
		"not a result": {func(l *spiqsweepv1.Lease) *spiqsweepv1.Report {
			return resultReport(l, packed(t, []byte("{}")), sweep.Digest([]byte("{}")))
		}, "canonical"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 2)
			answer := b.sync(&spiqsweepv1.SyncRequest{Process: process("p", 2), Sequence: 1, FreeSlots: 2})
			bad, good := answer.GetAssignments()[0].GetLease(), answer.GetAssignments()[1].GetLease()
			answer = b.sync(&spiqsweepv1.SyncRequest{
				Process: process("p", 2), Sequence: 2,
				Held:    []*spiqsweepv1.Held{{Lease: bad}, {Lease: good}},
				Reports: []*spiqsweepv1.Report{test.report(bad), resultReport(good, packed(t, body), sweep.Digest(body))},
			})
			first, second := answer.GetVerdicts()[0], answer.GetVerdicts()[1]
			if first.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_INVALID || !strings.Contains(first.GetWhy(), test.why) {
				t.Errorf("verdict on the bad one is %v, want invalid because of %q", first, test.why)
			}
			if second.GetJudgement() != spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED {
				t.Errorf("verdict on the good one is %v, want accepted", second)
			}
			// The bad one counts as a failure of its task: it is not granted again at once.
			if len(answer.GetAssignments()) != 0 {
				t.Errorf("assignments are %v, want none during the back-off", answer.GetAssignments())
			}
		})
	}
}

func TestMalformedCallsAreRefused(t *testing.T) {
	lease := &spiqsweepv1.Lease{Task: strings.Repeat("a", 64), Attempt: 1}
	change := func(f func(*spiqsweepv1.Process)) *spiqsweepv1.Process {
		p := process("p", 1)
		f(p)
		return p
	}
	tests := map[string]struct {
		request *spiqsweepv1.SyncRequest
		code    codes.Code
		want    string
	}{
		"nobody":       {&spiqsweepv1.SyncRequest{Sequence: 1}, codes.InvalidArgument, "which process"},
		"no id":        {&spiqsweepv1.SyncRequest{Process: process("", 1), Sequence: 1}, codes.InvalidArgument, "no ID"},
		"no slots":     {&spiqsweepv1.SyncRequest{Process: process("p", 0), Sequence: 1}, codes.InvalidArgument, "slots = 0"},
		"many slots":   {&spiqsweepv1.SyncRequest{Process: process("p", 1<<20), Sequence: 1}, codes.InvalidArgument, "slots = 1048576"},
		"long id":      {&spiqsweepv1.SyncRequest{Process: process(strings.Repeat("p", 300), 1), Sequence: 1}, codes.InvalidArgument, "id"},
		"control code": {&spiqsweepv1.SyncRequest{Process: change(func(p *spiqsweepv1.Process) { p.Host = "a\x1b[2J" }), Sequence: 1}, codes.InvalidArgument, "host"},
		"no sequence":  {&spiqsweepv1.SyncRequest{Process: process("p", 1)}, codes.InvalidArgument, "sequence = 0"},
		"free slots":   {&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, FreeSlots: 2}, codes.InvalidArgument, "free_slots = 2"},
		"held nothing": {&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, Held: []*spiqsweepv1.Held{{}}}, codes.InvalidArgument, "lease of task"},
		"attempt 0": {&spiqsweepv1.SyncRequest{
			Process: process("p", 1), Sequence: 1,
			Reports: []*spiqsweepv1.Report{{Lease: &spiqsweepv1.Lease{Task: lease.Task}}},
		}, codes.InvalidArgument, "attempt 0"},
		"old worker": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.Protocol = 0 }), Sequence: 1,
		}, codes.FailedPrecondition, "protocol 0, the coordinator 1: update the worker"},
		"new worker": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.Protocol = 9 }), Sequence: 1,
		}, codes.FailedPrecondition, "update the coordinator"},
		"old numerics": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.Numerics = 0 }), Sequence: 1,
		}, codes.FailedPrecondition, "numerics 0, the coordinator's sweep with 1: update the worker"},
		"other kernel": {&spiqsweepv1.SyncRequest{
			Process: change(func(p *spiqsweepv1.Process) { p.KernelClass = "portable/arm64" }), Sequence: 1,
		}, codes.FailedPrecondition, "coordinator --kernel portable/arm64"},
	}
	b := newBench(t, 1)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := b.worker.Sync(t.Context(), test.request)
			if status.Code(err) != test.code || !strings.Contains(status.Convert(err).Message(), test.want) {
				t.Errorf("error is %v, want %v with %q", err, test.code, test.want)
			}
		})
	}
}

func TestErrorsBecomeStatusCodes(t *testing.T) {
	b := newBench(t, 1)
	held := b.take("holder")
	stranger := process("stranger", 1)
	nowhere := strings.Repeat("0", 64)
	tests := map[string]struct {
		call func(context.Context) error
		want codes.Code
	}{
		"recording unknown": {func(ctx context.Context) error {
			_, err := b.worker.GetRecording(ctx, &spiqsweepv1.GetRecordingRequest{Digest: nowhere})
			return err
		}, codes.NotFound},
		"recording malformed": {func(ctx context.Context) error {
			_, err := b.worker.GetRecording(ctx, &spiqsweepv1.GetRecordingRequest{Digest: "../etc/passwd"})
			return err
		}, codes.InvalidArgument},
		"another's checkpoint": {func(ctx context.Context) error {
			_, err := b.worker.GetCheckpoint(ctx, &spiqsweepv1.GetCheckpointRequest{Process: stranger, Lease: held})
			return err
		}, codes.FailedPrecondition},
		"empty checkpoint": {func(ctx context.Context) error {
			_, err := b.worker.PutCheckpoint(ctx, &spiqsweepv1.PutCheckpointRequest{Process: process("holder", 1), Lease: held, Step: 1})
			return err
		}, codes.InvalidArgument},
		"task malformed": {func(ctx context.Context) error {
			_, err := b.operator.Retry(ctx, &spiqsweepv1.RetryRequest{Tasks: []string{"42"}})
			return err
		}, codes.InvalidArgument},
		"task unknown": {func(ctx context.Context) error {
			_, err := b.operator.Retry(ctx, &spiqsweepv1.RetryRequest{Tasks: []string{nowhere}})
			return err
		}, codes.NotFound},
		"message too large": {func(ctx context.Context) error {
			_, err := b.worker.PutCheckpoint(ctx, &spiqsweepv1.PutCheckpointRequest{
				Process: process("holder", 1), Lease: held, Step: 1, Body: make([]byte, 17<<20),
			})
			return err
		}, codes.ResourceExhausted},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.call(t.Context()); status.Code(err) != test.want {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestAnIdleWorkerWaitsForWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		lease := b.take("first")
		idle := &spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1}

		start := time.Now()
		answer := b.sync(idle)
		if waited := time.Since(start); waited != service.LongPoll || answer.GetDone() || len(answer.GetAssignments()) > 0 {
			t.Errorf("answer after %v is %v, want an empty one after %v", waited, answer, service.LongPoll)
		}

		// While it waits again, the first hands its task back.
		idle.Sequence = 2
		answered := make(chan *spiqsweepv1.SyncResponse)
		go func() { answered <- b.sync(idle) }()
		time.Sleep(3 * time.Second)
		start = time.Now()
		b.sync(&spiqsweepv1.SyncRequest{
			Process: process("first", 1), Sequence: 2, Held: []*spiqsweepv1.Held{{Lease: lease}}, Draining: true,
			Reports: []*spiqsweepv1.Report{{Lease: lease, Outcome: &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: "leaving"}}}},
		})
		answer = <-answered
		if waited := time.Since(start); waited != 0 || len(answer.GetAssignments()) != 1 || answer.GetAssignments()[0].GetLease().GetAttempt() != 2 {
			t.Errorf("answer after %v is %v, want attempt 2 at once", waited, answer)
		}
	})
}

func TestStopWakesTheIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		b.take("first")
		answered := make(chan error)
		go func() {
			_, err := b.worker.Sync(t.Context(), &spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1})
			answered <- err
		}()
		time.Sleep(time.Second)
		start := time.Now()
		b.server.Stop(t.Context())
		if err := <-answered; err != nil {
			t.Errorf("the idle worker got %v, want an answer", err)
		}
		if waited := time.Since(start); waited >= service.LongPoll {
			t.Errorf("Stop took %v", waited)
		}
	})
}

func TestFarewellWaitsUntilEverybodyHasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		lease := b.take("first")
		b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1}) // full: it does not wait
		body := resultBody(t)
		b.sync(&spiqsweepv1.SyncRequest{
			Process: process("first", 1), Sequence: 2, Held: []*spiqsweepv1.Held{{Lease: lease}},
			Reports: []*spiqsweepv1.Report{resultReport(lease, packed(t, body), sweep.Digest(body))},
		})
		go func() {
			time.Sleep(4 * time.Second)
			b.sync(&spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 2})
		}()
		start := time.Now()
		b.server.Farewell(t.Context())
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("Farewell took %v, want 4s: until the second worker heard", waited)
		}
		b.server.Farewell(t.Context())
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("a second Farewell took %v, want no time", waited-4*time.Second)
		}
	})
}

func TestFarewellForgetsTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		b.take("dead")
		start := time.Now()
		b.server.Farewell(t.Context())
		if waited := time.Since(start); waited != 60*time.Second {
			t.Errorf("Farewell took %v, want the lease term, %v", waited, 60*time.Second)
		}
		b.sync(&spiqsweepv1.SyncRequest{Process: process("other", 1), Sequence: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		b.server.Farewell(ctx)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("Farewell took %v, want 1s: as long as its context", waited)
		}
	})
}

func ExampleServer() {
	s := store.Memory()
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

	stranger := credentials.File{Role: credentials.Worker, Token: credentials.NewToken()}
	connection, err := stranger.Dial(listener.Addr().String())
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
