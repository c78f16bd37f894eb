package remote_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/remote"
	"spiqsweep/coordinator/service"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const kernelClass = "portable/amd64"

// fixture is a store and the coordinators that serve it.
type fixture struct {
	testing.TB
	queue *queue.Queue
	file  credentials.File
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	s := queuetest.Memory(time.Now)
	t.Cleanup(func() { s.Close() })
	return &fixture{
		TB: t, queue: queue.New(s, queue.Policy{}),
		file: credentials.File{Role: credentials.Operator, Token: credentials.NewToken()},
	}
}

// open starts a coordinator and returns a function that kills it.
func (o *fixture) open() (kill func()) {
	o.Helper()
	server := service.New(service.Config{
		Queue: o.queue, WorkerToken: credentials.NewToken(), OperatorToken: o.file.Token,
		Numerics: sweep.Numerics, KernelClass: kernelClass, Log: hclog.NewNullLogger(),
	})
	return o.serve(server.Serve, func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		server.Stop(ended)
	})
}

// serve adds a server's address to the file.
func (o *fixture) serve(serve func(net.Listener) error, stop func()) (kill func()) {
	o.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		o.Fatal(err)
	}
	o.file.Addresses = append(o.file.Addresses, listener.Addr().String())
	served := make(chan error, 1)
	go func() { served <- serve(listener) }()
	killed := false
	kill = func() {
		if !killed {
			killed = true
			stop()
			if err := <-served; err != nil {
				o.Error(err)
			}
		}
	}
	o.Cleanup(kill)
	return kill
}

// client returns a client whose patience suffices on a busy machine.
func (o *fixture) client() *remote.Client { o.Helper(); return o.patient(time.Minute) }

// impatient returns a client for calls that get no answer.
func (o *fixture) impatient() *remote.Client { o.Helper(); return o.patient(time.Second) }

func (o *fixture) patient(patience time.Duration) *remote.Client {
	o.Helper()
	c, err := remote.New(o.file, patience)
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() {
		for range 2 { // Close may be called twice
			if err := c.Close(); err != nil {
				o.Error(err)
			}
		}
	})
	return c
}

// raster returns the recording that tasks train on.
var raster = recording.Raster{Neurons: 1, Repeats: 2, Bins: 4, BinMS: 20, Words: []uint32{0, 1, 0, 0, 1, 0, 0, 1}, NeuronIDs: []int{7}}

// mine returns a sweep and the given number of tasks.
func mine(tasks int) (queue.Sweep, iter.Seq2[queue.Planned, error]) {
	s := queue.Sweep{ID: "1-2-3", Name: "mine", Grid: []byte("sweep {}"), Numerics: sweep.Numerics, KernelClass: kernelClass}
	return s, func(yield func(queue.Planned, error) bool) {
		for i := range tasks {
			c := sweep.Default()
			c.Replicate = i
			task := sweep.Task{ID: sweep.NewTaskID(c, raster.Digest(), s.Numerics, s.KernelClass), Configuration: c, Recording: raster.Digest()}
			if !yield(queue.Planned{Task: task, Row: i, Order: i, Cost: 1}, nil) {
				return
			}
		}
	}
}

// submit plans a sweep through the client.
func submit(t testing.TB, c *remote.Client, tasks int) queue.Revision {
	t.Helper()
	body, err := raster.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.PutRecording(t.Context(), raster.Digest(), body); err != nil {
		t.Fatal(err)
	}
	s, planned := mine(tasks)
	revision, err := c.Plan(t.Context(), s, planned)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func collected[T any](t testing.TB, stream iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for item, err := range stream {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item)
	}
	return all
}

// TestClientBehavesAsTheQueue compares the answers of the client with those of the queue.
func TestClientBehavesAsTheQueue(t *testing.T) {
	o := newFixture(t)
	o.open()
	c := o.client()
	const tasks = 3000 // some messages
	if diff := cmp.Diff(queue.Revision{Number: 1, Added: tasks}, submit(t, c, tasks)); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
	s, planned := mine(tasks)
	if again, err := c.Plan(t.Context(), s, planned); err != nil || again.Number != 1 || again.Kept != tasks {
		t.Errorf("the same plan once more: %+v, %v", again, err)
	}
	o.work()

	want, err := o.queue.Sweep(t.Context(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
	want.Turn, want.Plan, want.Digest = 0, "", "" // not sent
	for _, word := range []string{"", s.ID, s.Name} {
		got, err := c.Sweep(t.Context(), word)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("sweep %q: %v (-want +got):\n%s", word, err, diff)
		}
	}
	if sweeps, err := c.Sweeps(t.Context()); err != nil || len(sweeps) != 1 || sweeps[0].Counts.Planned != tasks {
		t.Errorf("sweeps: %+v, %v", sweeps, err)
	}
	status, err := c.Status(t.Context(), s.ID)
	if err != nil || status.Counts != (queue.Counts{Planned: tasks, Leased: 1, Pending: tasks - 1}) || len(status.Workers) != 1 {
		t.Errorf("status: %+v, %v", status.Counts, err)
	}
	if diff := cmp.Diff(collected(t, o.queue.Attempts(t.Context(), s.ID)), collected(t, c.Attempts(t.Context(), s.ID))); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(collected(t, o.queue.Configurations(t.Context(), s.ID)), collected(t, c.Configurations(t.Context(), s.ID))); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
	rows := collected(t, o.queue.Rows(t.Context(), s.ID))
	rows[0].Phase = queue.Waiting // a pending one's is not sent
	if diff := cmp.Diff(rows, collected(t, c.Rows(t.Context(), s.ID))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for row, err := range c.Rows(t.Context(), s.ID) {
		if err != nil || row.Row != 0 {
			t.Errorf("row %d, %v", row.Row, err)
		}
		break // it may be left early
	}
	operate(t, c, s.ID)
	if err := c.Delete(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), s.ID); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("delete once more: %v", err)
	}
}

// operate cancels, reopens, drains and verifies a sweep with one running task.
func operate(t *testing.T, c *remote.Client, id string) {
	t.Helper()
	all := queue.Selection{Sweep: id}
	status, err := c.Status(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	tasks := status.Counts.Planned
	some := queue.Selection{Sweep: id, Configurations: []sweep.ConfigurationFilter{{"neurons": 2.0, "k": 1.0}}}
	if n, shared, err := c.Cancel(t.Context(), some); n+shared != 0 || !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("%d tasks of no cell cancelled, %d shared, %v", n, shared, err)
	}
	if n, shared, err := c.Cancel(t.Context(), all); n != tasks || shared != 0 || err != nil {
		t.Errorf("%d tasks cancelled, %d shared, %v", n, shared, err)
	}
	if n, err := c.Retry(t.Context(), queue.RetryRequest{Selection: some}); n != 0 || !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("%d tasks of no cell reopened, %v", n, err)
	}
	task := status.Workers[0].Running[0].Task
	for want, selection := range []queue.Selection{{Tasks: []sweep.TaskID{task}, Configurations: some.Configurations}, {Tasks: []sweep.TaskID{task}}} {
		if n, err := c.Retry(t.Context(), queue.RetryRequest{Selection: selection}); n != want || errors.Is(err, queue.ErrInvalid) != (want == 0) {
			t.Errorf("%d tasks reopened, %v, want %d", n, err, want)
		}
	}
	if n, err := c.Retry(t.Context(), queue.RetryRequest{Selection: all}); n != tasks-1 || err != nil {
		t.Errorf("%d tasks reopened, %v", n, err)
	}
	if _, err := c.Drain(t.Context(), queue.DrainRequest{Processes: []string{"Z"}}); !errors.Is(err, queue.ErrUnknown) || err.Error() != `drain: there is no worker "Z"` {
		t.Errorf("error is %v, want one that names the act once", err)
	}
	if n, err := c.Drain(t.Context(), queue.DrainRequest{Hosts: []string{"h"}}); n != 1 || err != nil {
		t.Errorf("%d workers drain, %v", n, err)
	}
	if status, err := c.Status(t.Context(), id); err != nil || !status.Workers[0].Leaving {
		t.Errorf("the worker does not leave: %+v, %v", status.Workers, err)
	}
	if tasks, err := c.Verify(t.Context(), queue.VerifyRequest{Selection: all, Share: 1}); len(tasks) != 0 || err != nil {
		t.Errorf("%v is verified, though nothing is done, %v", tasks, err)
	}
	if _, err := c.Verify(t.Context(), queue.VerifyRequest{Selection: all, Share: 2}); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("verify a share of 2: %v", err)
	}
}

// work leases a task to a worker.
func (o *fixture) work() {
	o.Helper()
	_, err := o.queue.Sync(o.Context(), queue.SyncRequest{
		Process:  queue.Process{ID: "p", Host: "h", Kernel: "k", Numerics: sweep.Numerics, KernelClass: kernelClass, Slots: 1},
		Sequence: 1, FreeSlots: 1,
	})
	if err != nil {
		o.Fatal(err)
	}
}

func TestErrorsAreThoseOfTheQueue(t *testing.T) {
	o := newFixture(t)
	o.open()
	c := o.client()
	if _, err := c.Status(t.Context(), "nobody's"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("an unknown sweep: %v", err)
	}
	s, planned := mine(2)
	if _, err := c.Plan(t.Context(), s, planned); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("a plan on an unknown recording: %v", err)
	}
	submit(t, c, 2)
	s.KernelClass = "simd/x"
	if _, err := c.Plan(t.Context(), s, planned); !errors.Is(err, queue.ErrMismatch) {
		t.Errorf("a plan of another class: %v", err)
	}
	fault := errors.New("the reader of the grid failed")
	broken := func(yield func(queue.Planned, error) bool) { yield(queue.Planned{}, fault) }
	if _, err := c.Plan(t.Context(), s, broken); !errors.Is(err, fault) {
		t.Errorf("a plan that cannot be read: %v", err)
	}
	for _, err := range c.Rows(t.Context(), "nobody's") {
		if !errors.Is(err, queue.ErrUnknown) {
			t.Errorf("rows of an unknown sweep: %v", err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Sweeps(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestFailover(t *testing.T) {
	o := newFixture(t)
	kill := o.open()
	o.open()
	c := o.client()
	submit(t, c, 3)
	kill()
	if sweeps, err := c.Sweeps(t.Context()); err != nil || len(sweeps) != 1 {
		t.Errorf("after the first coordinator was killed: %d sweeps, %v", len(sweeps), err)
	}
}

func TestNoCoordinatorAnswers(t *testing.T) {
	o := newFixture(t)
	o.open()()
	o.open()()
	_, err := o.impatient().Sweeps(t.Context())
	if !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("error is %v, want ErrUnavailable", err)
	}
}

// unavailableStore is a coordinator whose store is unavailable.
type unavailableStore struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
}

func (unavailableStore) ListSweeps(context.Context, *spiqsweepv1.ListSweepsRequest) (*spiqsweepv1.ListSweepsResponse, error) {
	return nil, status.Error(codes.Unavailable, queue.ErrUnavailable.Error())
}

// TestAnswerTakesPrecedence calls a coordinator without its store and one that does not answer.
// The error must be that of the former, whichever is called last.
func TestAnswerTakesPrecedence(t *testing.T) {
	for name, answersFirst := range map[string]bool{"first": true, "last": false} {
		t.Run(name, func(t *testing.T) {
			o := newFixture(t)
			server := grpc.NewServer()
			spiqsweepv1.RegisterOperatorServiceServer(server, unavailableStore{})
			o.open()()
			o.serve(server.Serve, server.Stop)
			alive := o.file.Addresses[1]
			if answersFirst {
				slices.Reverse(o.file.Addresses)
			}
			_, err := o.impatient().Sweeps(t.Context())
			if want := "the coordinator at " + alive + " cannot now: the store is not available"; !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want ErrUnavailable that says %q", err, want)
			}
		})
	}
}

// hostile answers each call with an error with a given message.
type hostile struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	code codes.Code
}

func (h *hostile) ListSweeps(context.Context, *spiqsweepv1.ListSweepsRequest) (*spiqsweepv1.ListSweepsResponse, error) {
	return nil, status.Error(h.code, "\x1b]0;owned\a\x1b[2J\r\nsweep done\u202e"+strings.Repeat("x\x00", 1<<10))
}

// TestErrorQuotesTheCoordinator checks that messages of an arbitrary server are made short and
// printable.
func TestErrorQuotesTheCoordinator(t *testing.T) {
	o := newFixture(t)
	stub := &hostile{}
	server := grpc.NewServer()
	spiqsweepv1.RegisterOperatorServiceServer(server, stub)
	o.serve(server.Serve, server.Stop)
	c, err := remote.New(o.file, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for stub.code = codes.Canceled; stub.code <= codes.Unauthenticated; stub.code++ {
		_, err := c.Sweeps(t.Context())
		if err == nil {
			t.Fatalf("%v: no error", stub.code)
		}
		if text := err.Error(); text != sweep.Printable(text) || len(text) > 20<<10 || !strings.Contains(text, `\x1b[2J\r\nsweep done`) {
			t.Errorf("%v: %.200q", stub.code, text)
		}
	}
}

// overloaded answers with a status once it is released.
type overloaded struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	asked, answer chan struct{}
}

func (o *overloaded) GetStatus(ctx context.Context, _ *spiqsweepv1.GetStatusRequest) (*spiqsweepv1.GetStatusResponse, error) {
	o.asked <- struct{}{}
	select {
	case <-o.answer:
		return &spiqsweepv1.GetStatusResponse{}, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (o *overloaded) ListSweeps(context.Context, *spiqsweepv1.ListSweepsRequest) (*spiqsweepv1.ListSweepsResponse, error) {
	return nil, status.Error(codes.Unavailable, "busy")
}

func (o *overloaded) GetResult(context.Context, *spiqsweepv1.GetResultRequest) (*spiqsweepv1.GetResultResponse, error) {
	return nil, status.Error(codes.Canceled, "grpc: the client connection is closing")
}

// newOverloaded serves an overloaded coordinator at two addresses.
func newOverloaded(o *fixture) *overloaded {
	stub := &overloaded{asked: make(chan struct{}), answer: make(chan struct{})}
	for range 2 {
		server := grpc.NewServer()
		spiqsweepv1.RegisterOperatorServiceServer(server, stub)
		o.serve(server.Serve, server.Stop)
	}
	return stub
}

// TestFailedCallDoesNotEndOthers checks that a call that moves to the next coordinator does not
// close the connection of concurrent calls.
func TestFailedCallDoesNotEndOthers(t *testing.T) {
	o := newFixture(t)
	stub := newOverloaded(o)
	c := o.impatient()
	sibling := make(chan error, 1)
	go func() {
		_, err := c.Status(t.Context(), "")
		sibling <- err
	}()
	<-stub.asked
	if _, err := c.Sweeps(t.Context()); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("error is %v, want ErrUnavailable", err)
	}
	select {
	case stub.answer <- struct{}{}:
	case err := <-sibling:
		t.Fatalf("the call beside it ended: %v", err)
	}
	if err := <-sibling; err != nil {
		t.Errorf("the call beside it: %v", err)
	}
}

// TestOnlyTheCallerCancels checks that an error is context.Canceled only if the caller's context
// has ended.
func TestOnlyTheCallerCancels(t *testing.T) {
	o := newFixture(t)
	stub := newOverloaded(o)
	c := o.impatient()
	if _, err := c.Result(t.Context(), "task", "digest"); !errors.Is(err, queue.ErrUnavailable) || errors.Is(err, context.Canceled) {
		t.Errorf("a call that the other side cancelled: %v, want ErrUnavailable", err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Status(ctx, "")
		ended <- err
	}()
	<-stub.asked
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("a call that its caller gave up: %v, want context.Canceled", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Sweeps(t.Context()); err == nil || errors.Is(err, context.Canceled) || errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("a call after Close: %v", err)
	}
}

// TestRefusedTokenEndsACall checks that a call is not repeated once every coordinator has
// refused its token.
func TestRefusedTokenEndsACall(t *testing.T) {
	o := newFixture(t)
	o.open()
	o.open()
	o.file.Token = credentials.NewToken()
	start := time.Now()
	if _, err := o.patient(time.Hour).Sweeps(t.Context()); !errors.Is(err, remote.ErrRefused) || time.Since(start) > time.Minute {
		t.Errorf("error after %v is %v, want ErrRefused after one round", time.Since(start), err)
	}
	o.file.Role = credentials.Worker
	if _, err := remote.New(o.file, 0); err == nil {
		t.Error("a worker's credentials are accepted")
	}
}

// breakingStream breaks its first stream of rows after breakAt rows.
type breakingStream struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	rows    []queue.Row
	breakAt int
}

func (f *breakingStream) ListRows(_ *spiqsweepv1.ListRowsRequest, stream grpc.ServerStreamingServer[spiqsweepv1.ListRowsResponse]) error {
	for i, row := range f.rows {
		if i == f.breakAt {
			f.breakAt = -1
			return status.Error(codes.Unavailable, "killed")
		}
		if err := stream.Send(&spiqsweepv1.ListRowsResponse{Rows: []*spiqsweepv1.Row{wire.WriteRow(row)}}); err != nil {
			return err
		}
	}
	return nil
}

func TestBrokenStreamIsResumed(t *testing.T) {
	o := newFixture(t)
	_, planned := mine(5)
	f := &breakingStream{breakAt: 3}
	for task, err := range planned {
		if err != nil {
			t.Fatal(err)
		}
		task.Task = sweep.Task{ID: task.Task.ID, ConfigurationIndex: task.Task.ConfigurationIndex}
		f.rows = append(f.rows, queue.Row{Planned: task, Phase: queue.Waiting, State: sweep.Pending})
	}
	server := grpc.NewServer()
	spiqsweepv1.RegisterOperatorServiceServer(server, f)
	o.serve(server.Serve, server.Stop)
	if diff := cmp.Diff(f.rows, collected(t, o.client().Rows(t.Context(), ""))); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if _, err := o.client().Sweeps(t.Context()); err == nil || errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("a call that the coordinator does not know: %v", err)
	}
}

func ExampleClient() {
	// No coordinator listens there, so the call ends when its patience has passed.
	file := credentials.File{Role: credentials.Operator, Token: credentials.NewToken(), Addresses: []string{"127.0.0.1:1"}}
	client, err := remote.New(file, 0)
	if err != nil {
		panic(err)
	}
	defer client.Close()
	_, err = client.Sweeps(context.Background())
	fmt.Println(errors.Is(err, queue.ErrUnavailable))
	// Output: true
}
