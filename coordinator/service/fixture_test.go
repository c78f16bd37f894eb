package service_test

import (
	"context"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/service"
	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

func TestMain(m *testing.M) {
	protocol.Pack(nil) // creates the codec's channels outside of synctest bubbles
	goleak.VerifyTestMain(m)
}

const (
	sweepID     = "11111111-2222-3333-4444-555555555555"
	kernelClass = "portable/amd64"
)

var (
	workerToken, operatorToken = credentials.NewToken(), credentials.NewToken()
	recordingBody              = []byte("the bits")
	recordingDigest            = sweep.Digest(recordingBody)
)

// fixture is a server with a store in memory, and clients of both roles.
type fixture struct {
	testing.TB
	queue    *queue.Queue
	server   *service.Server
	listener *bufconn.Listener
	tasks    []sweep.TaskID
	worker   spiqsweepv1.WorkerServiceClient
	operator spiqsweepv1.OperatorServiceClient
}

// newFixture plans a number of tasks and serves them.
func newFixture(t testing.TB, tasks int, changes ...func(*service.Config)) *fixture {
	t.Helper()
	return newFixtureOf(t, queue.Policy{}, tasks, changes...)
}

// newFixtureOf is newFixture with a policy of the queue.
func newFixtureOf(t testing.TB, policy queue.Policy, tasks int, changes ...func(*service.Config)) *fixture {
	t.Helper()
	s := queuetest.Memory(time.Now)
	b := &fixture{TB: t, queue: queue.New(s, policy), listener: bufconn.Listen(1 << 20)}
	planned := smallPlan(tasks)
	for _, p := range planned {
		b.tasks = append(b.tasks, p.Task.ID)
	}
	b.must(b.queue.PutRecording(context.Background(), recordingDigest, recordingBody))
	_, err := b.queue.Plan(context.Background(), queue.Sweep{
		ID: sweepID, Name: "test", Numerics: sweep.Numerics, KernelClass: kernelClass,
	}, queuetest.Stream(planned))
	b.must(err)
	c := service.Config{
		Queue: b.queue, Sweep: sweepID, WorkerToken: workerToken, OperatorToken: operatorToken,
		Numerics: sweep.Numerics, KernelClass: kernelClass, Log: hclog.NewNullLogger(),
	}
	for _, change := range changes {
		change(&c)
	}
	b.server = service.New(c)
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(b.listener) }()
	b.worker = spiqsweepv1.NewWorkerServiceClient(b.dial(workerToken))
	b.operator = spiqsweepv1.NewOperatorServiceClient(b.dial(operatorToken))
	t.Cleanup(func() {
		for range 2 { // Stop may be called twice
			b.server.Stop(context.Background())
		}
		b.must(<-served)
		b.must(s.Close())
	})
	return b
}

// smallPlan returns replicates of one configuration.
func smallPlan(tasks int) []queue.Planned {
	planned := make([]queue.Planned, tasks)
	for i := range planned {
		c := sweep.Default()
		c.Replicate = i
		id := sweep.NewTaskID(c, recordingDigest, sweep.Numerics, kernelClass)
		planned[i] = queue.Planned{
			Task: sweep.Task{ID: id, Configuration: c, Recording: recordingDigest}, Row: i, Order: i, Cost: 60,
		}
	}
	return planned
}

func (b *fixture) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// dial returns a connection that shows a token; "": none.
func (b *fixture) dial(token string) *grpc.ClientConn {
	b.Helper()
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return b.listener.DialContext(ctx) }),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	connection, err := grpc.NewClient("passthrough:///test", options...)
	b.must(err)
	b.Cleanup(func() { connection.Close() })
	return connection
}

type bearer string

func (s bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(s)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// process returns a worker process.
func process(id string, slots uint32) *spiqsweepv1.Process {
	return &spiqsweepv1.Process{
		Id: id, Host: "host", ProgramVersion: "v0", Protocol: spiqsweepv1.ProtocolVersion,
		Numerics: sweep.Numerics, KernelClass: kernelClass, Kernel: "portable", Slots: slots,
	}
}

// sync makes a Sync that must succeed.
func (b *fixture) sync(r *spiqsweepv1.SyncRequest) *spiqsweepv1.SyncResponse {
	b.Helper()
	answer, err := b.worker.Sync(context.Background(), r)
	b.must(err)
	return answer
}

// lease grants the next task to a new process.
func (b *fixture) lease(id string) *spiqsweepv1.Lease {
	b.Helper()
	answer := b.sync(&spiqsweepv1.SyncRequest{Process: process(id, 1), Sequence: 1, FreeSlots: 1})
	if len(answer.GetAssignments()) != 1 {
		b.Fatalf("%d assignments, want 1", len(answer.GetAssignments()))
	}
	return answer.GetAssignments()[0].GetLease()
}

// resultBody returns a valid result of a task of smallPlan.
func resultBody(t testing.TB) []byte {
	t.Helper()
	return resultBodyOf(t, sweep.Default())
}

// resultBodyOf returns a valid result of a configuration with one time step.
func resultBodyOf(t testing.TB, c sweep.Configuration) []byte {
	t.Helper()
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
		Angles:  [][][][2]float64{slices.Repeat([][][2]float64{slices.Repeat([][2]float64{{0, math.Pi}}, c.Qubits())}, c.Circuit.Layers)},
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
