package agent

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// stub is a coordinator that grants each task once per attempt, in order, and accepts every
// report.
type stub struct {
	spiqsweepv1.UnimplementedWorkerServiceServer
	t      *testing.T
	raster *recording.Raster

	mu          sync.Mutex // guards all below
	tasks       []*stubTask
	log         []string // events in order
	fetches     int
	corrupt     bool  // sends recordings that do not match their digests
	refuse      error // error of every Sync
	silent      int   // number of calls without a response
	drain       bool  // drains every worker
	checkpoints map[string][]byte
}

type stubTask struct {
	id            string
	configuration []byte
	attempt       uint64
	state         string // "", "leased", "done", "failed", "handed back"
	step          uint64 // held with the report
	resume        []byte
	failure       *spiqsweepv1.Failure
	result        *spiqsweepv1.Result
}

func newStub(t *testing.T, tasks int) *stub {
	t.Helper()
	o := &stub{t: t, raster: smallRaster(), checkpoints: map[string][]byte{}}
	for replicate := range tasks {
		c := sweep.Default()
		c.Neurons, c.Timesteps, c.Replicate = 2, 1, replicate
		id := sweep.NewTaskID(c, o.raster.Digest(), sweep.Numerics, "test/class")
		o.tasks = append(o.tasks, &stubTask{id: string(id), configuration: sweep.Canonical(c)})
	}
	return o
}

// smallRaster returns 4 repeats of 30 bins of two neurons.
func smallRaster() *recording.Raster {
	r := &recording.Raster{Neurons: 2, Repeats: 4, Bins: 30, NeuronIDs: []int{5, 7}, BinMS: 20}
	for i := range r.Repeats * r.Bins {
		r.Words = append(r.Words, uint32(i*i%7)&3)
	}
	return r
}

func (o *stub) Sync(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.silent > 0 {
		o.silent--
		o.mu.Unlock()
		<-ctx.Done()
		o.mu.Lock()
		return nil, ctx.Err()
	}
	if o.refuse != nil {
		return nil, o.refuse
	}
	answer := &spiqsweepv1.SyncResponse{CallAgainIn: durationpb.New(15 * time.Second)}
	for _, report := range in.GetReports() {
		o.take(report, in.GetHeld())
		answer.Verdicts = append(answer.Verdicts, &spiqsweepv1.Verdict{
			Lease: report.GetLease(), Judgement: spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED,
		})
	}
	free := in.GetFreeSlots()
	for _, task := range o.tasks {
		if task.state == "" && free > 0 && !in.GetDraining() {
			free--
			task.attempt++
			task.state = "leased"
			answer.Assignments = append(answer.Assignments, o.grant(task))
		} else if task.state == "leased" {
			answer.Assignments = append(answer.Assignments, &spiqsweepv1.Assignment{Lease: task.lease()})
		}
	}
	answer.Drain = o.drain
	answer.Done = !slices.ContainsFunc(o.tasks, func(t *stubTask) bool { return t.state == "" || t.state == "leased" })
	return answer, nil
}

func (o *stub) grant(task *stubTask) *spiqsweepv1.Assignment {
	a := &spiqsweepv1.Assignment{Lease: task.lease(), Task: &spiqsweepv1.Task{
		Configuration: task.configuration, RecordingDigest: o.raster.Digest(),
		StallTimeout: durationpb.New(10 * time.Minute),
	}}
	if task.resume != nil {
		a.Task.CheckpointStep = 3
	}
	return a
}

func (t *stubTask) lease() *spiqsweepv1.Lease {
	return &spiqsweepv1.Lease{Task: t.id, Attempt: t.attempt}
}

func (o *stub) take(report *spiqsweepv1.Report, held []*spiqsweepv1.HeldLease) {
	i := slices.IndexFunc(o.tasks, func(t *stubTask) bool { return t.id == report.GetLease().GetTask() })
	task := o.tasks[i]
	for _, h := range held {
		if leaseOf(h.GetLease()) == leaseOf(report.GetLease()) {
			task.step = h.GetStep()
		}
	}
	switch {
	case report.GetResult() != nil:
		task.state, task.result = "done", report.GetResult()
	case report.GetFailure() != nil:
		task.state, task.failure = "failed", report.GetFailure()
	default:
		task.state = "handed back"
	}
	o.log = append(o.log, task.state)
}

func (o *stub) GetRecording(context.Context, *spiqsweepv1.GetRecordingRequest) (*spiqsweepv1.GetRecordingResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fetches++
	r := *o.raster
	if o.corrupt {
		r.Words = slices.Clone(r.Words)
		r.Words[3] ^= 1
	}
	body, err := r.MarshalBinary()
	return &spiqsweepv1.GetRecordingResponse{Body: protocol.Pack(body)}, err
}

func (o *stub) GetCheckpoint(_ context.Context, in *spiqsweepv1.GetCheckpointRequest) (*spiqsweepv1.GetCheckpointResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, task := range o.tasks {
		if task.id == in.GetLease().GetTask() {
			return &spiqsweepv1.GetCheckpointResponse{Step: 3, Body: task.resume}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "no such lease")
}

func (o *stub) PutCheckpoint(_ context.Context, in *spiqsweepv1.PutCheckpointRequest) (*spiqsweepv1.PutCheckpointResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log = append(o.log, "checkpoint")
	o.checkpoints[in.GetLease().GetTask()] = in.GetBody()
	return &spiqsweepv1.PutCheckpointResponse{Stored: true}, nil
}

// open serves the stub at its own address until close.
func (o *stub) open() (dial func(string) (*grpc.ClientConn, error), close func()) {
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	spiqsweepv1.RegisterWorkerServiceServer(server, o)
	served := make(chan struct{})
	go func() {
		defer func() { served <- struct{}{} }()
		_ = server.Serve(listener)
	}()
	dial = func(string) (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///stub",
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	}
	return dial, func() {
		server.Stop()
		<-served
	}
}
