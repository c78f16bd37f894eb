package service_test

import (
	"context"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/service"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// FuzzHandlers calls three methods with arbitrary messages, on a new store with a small
// plan. No call may panic, hang, leak a goroutine or return an internal error, and the
// store must remain consistent.
func FuzzHandlers(f *testing.F) {
	methods := len(newHandlers(f).methods)
	seeds := seedMessages(f)
	for method := range methods {
		for i, message := range seeds[method] {
			next := (method + i + 1) % methods
			f.Add(uint8(method), message, uint8(next), seeds[next][0], uint8(method), message)
		}
	}
	engine := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreTopFunction("os/signal.NotifyContext.func1")}
	f.Fuzz(func(t *testing.T, m1 uint8, b1 []byte, m2 uint8, b2 []byte, m3 uint8, b3 []byte) {
		before := runtime.NumGoroutine()
		o := newHandlers(t)
		messages := [][]byte{b1, b2, b3}
		for i, method := range []uint8{m1, m2, m3} {
			o.call(o.methods[int(method)%len(o.methods)], messages[i:])
		}
		if faults := queuetest.Consistent(o.store, o.tasks); len(faults) > 0 {
			t.Fatalf("the store is inconsistent: %q", faults)
		}
		if err := o.store.Close(); err != nil {
			t.Fatal(err)
		}
		if runtime.NumGoroutine() > before { // ours or the fuzzing engine's
			if err := goleak.Find(engine...); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzText checks that the texts of a worker (ID, labels, failures) are printable once they
// are stored, or the call is refused with a printable message.
func FuzzText(f *testing.F) {
	f.Add("worker", "host", "NaN at step 3", "step 1\nstep 2\n")
	f.Add("\x1b[2J", "\x1b]0;owned\a", "\r\ncoordinator: all done", "\x00\xff\u202e\r\n")
	f.Add("p", "h", "\x1b[2J\r\nforged", "\u009b1m\n\t\x7f")
	f.Fuzz(func(t *testing.T, id, host, message, log string) {
		o := newHandlers(t)
		defer o.store.Close()
		w := process(id, 1)
		w.Host = host
		answer, err := o.rules.Sync(&spiqsweepv1.SyncRequest{Process: w, Sequence: 1, FreeSlots: 1})
		if err != nil {
			if text := status.Convert(err).Message(); text != sweep.Printable(text) {
				t.Errorf("the error is %q", text)
			}
			return
		}
		lease := answer.GetAssignments()[0].GetLease()
		_, err = o.rules.Sync(&spiqsweepv1.SyncRequest{Process: w, Sequence: 2, Reports: []*spiqsweepv1.Report{{
			Lease: lease, Outcome: &spiqsweepv1.Report_Failure{Failure: &spiqsweepv1.Failure{Message: message, Log: log}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		for h, err := range o.queue.Attempts(context.Background(), sweepID) {
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{h.Process, h.Host, h.Kernel, h.Reason} {
				if text != sweep.Printable(text) {
					t.Errorf("%q is stored", text)
				}
			}
			if h.Log != sweep.PrintableLines(h.Log) {
				t.Errorf("the log %q is stored", h.Log)
			}
		}
	})
}

// syncRules performs the steps of a Sync without waiting.
type syncRules struct{ service.Rules }

func (s syncRules) Sync(in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncResponse, error) {
	call, err := s.Read(in)
	if err != nil {
		return nil, err
	}
	return s.Apply(context.Background(), call)
}

// handlers calls all methods of a server without a network.
type handlers struct {
	testing.TB
	store   queue.Store
	queue   *queue.Queue
	rules   syncRules
	tasks   map[sweep.TaskID]bool
	methods []method
}

// method is a unary or a streaming method.
type method struct {
	path           string
	implementation any
	unary          grpc.MethodHandler
	stream         grpc.StreamHandler
}

func newHandlers(t testing.TB) *handlers {
	t.Helper()
	o := &handlers{TB: t, store: queuetest.Memory(time.Now), tasks: map[sweep.TaskID]bool{}}
	q := queue.New(o.store, queue.Policy{})
	tasks := smallPlan(3)
	for _, p := range tasks {
		o.tasks[p.Task.ID] = true
	}
	ctx := context.Background()
	if err := q.PutRecording(ctx, recordingDigest, recordingBody); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Plan(ctx, queue.Sweep{ID: sweepID, Name: "test", Numerics: sweep.Numerics, KernelClass: kernelClass}, queuetest.Stream(tasks)); err != nil {
		t.Fatal(err)
	}
	config := service.Config{
		Queue: q, Sweep: sweepID, WorkerToken: workerToken, OperatorToken: operatorToken,
		Numerics: sweep.Numerics, KernelClass: kernelClass, Log: hclog.NewNullLogger(),
	}
	o.queue, o.rules = q, syncRules{service.Rules{Config: config}}
	services, implementations := service.Services(config)
	for i, s := range services {
		for _, m := range s.Methods {
			o.methods = append(o.methods, method{"/" + s.ServiceName + "/" + m.MethodName, implementations[i], m.Handler, nil})
		}
		for _, m := range s.Streams {
			o.methods = append(o.methods, method{"/" + s.ServiceName + "/" + m.StreamName, implementations[i], nil, m.Handler})
		}
	}
	return o
}

// callTimeout bounds a call; no handler has a reason to wait.
const callTimeout = 10 * time.Second

// call calls a unary method with the first message, or a streaming method with all.
func (o *handlers) call(m method, messages [][]byte) {
	ctx, cancel := context.WithTimeout(o.Context(), callTimeout)
	defer cancel()
	s := &script{ctx: ctx, messages: messages}
	var err error
	if m.unary != nil {
		_, err = m.unary(m.implementation, ctx, func(in any) error { return s.RecvMsg(in) }, nil)
	} else {
		err = m.stream(m.implementation, s)
	}
	if ctx.Err() != nil {
		o.Fatalf("%s hangs", m.path)
	}
	switch code := status.Code(err); code {
	case codes.OK, codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition:
	default:
		o.Fatalf("%s: %v", m.path, err)
	}
}

// script is a stream whose caller sends the given messages.
type script struct {
	ctx      context.Context
	messages [][]byte
}

func (s *script) RecvMsg(in any) error {
	if len(s.messages) == 0 {
		return io.EOF
	}
	err := proto.Unmarshal(s.messages[0], in.(proto.Message))
	s.messages = s.messages[1:]
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "not a message: %v", err)
	}
	return nil
}

func (s *script) SendMsg(out any) error {
	_, err := proto.Marshal(out.(proto.Message))
	return err
}

func (s *script) Context() context.Context   { return s.ctx }
func (*script) SetHeader(metadata.MD) error  { return nil }
func (*script) SendHeader(metadata.MD) error { return nil }
func (*script) SetTrailer(metadata.MD)       {}

// seedMessages returns messages for each method: an empty one, one with a value in each
// field, and realistic ones.
func seedMessages(t testing.TB) [][][]byte {
	t.Helper()
	o := newHandlers(t)
	seeds := make([][][]byte, len(o.methods))
	for i, m := range o.methods {
		input := inputOf(t, m.path)
		filled := input.New()
		fill(filled, string(smallPlan(1)[0].Task.ID), 4)
		for _, message := range slices.Concat([]proto.Message{filled.Interface(), input.New().Interface()}, realisticMessages(t)) {
			if message.ProtoReflect().Descriptor() != input.Descriptor() {
				continue
			}
			body, err := proto.Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			seeds[i] = append(seeds[i], body)
		}
	}
	return seeds
}

// inputOf returns the request type of a method.
func inputOf(t testing.TB, path string) protoreflect.MessageType {
	t.Helper()
	name, method, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		t.Fatal(err)
	}
	input := found.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method)).Input()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(input.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return kind
}

// fill sets every field, to a value of the plan where the field's name has one.
func fill(m protoreflect.Message, task string, depth int) {
	values := map[protoreflect.Name]string{
		"task": task, "tasks": task, "sweep": "test", "digest": recordingDigest, "recording_digest": recordingDigest,
		"kernel_class": kernelClass, "id": "p",
	}
	value := func(field protoreflect.FieldDescriptor, newMessage func() protoreflect.Value) protoreflect.Value {
		switch field.Kind() {
		case protoreflect.MessageKind:
			message := newMessage()
			if depth > 0 {
				fill(message.Message(), task, depth-1)
			}
			return message
		case protoreflect.StringKind:
			if value, ok := values[field.Name()]; ok {
				return protoreflect.ValueOfString(value)
			}
			return protoreflect.ValueOfString("2")
		case protoreflect.BytesKind:
			return protoreflect.ValueOfBytes(sweep.Canonical(sweep.Default()))
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(true)
		case protoreflect.DoubleKind:
			return protoreflect.ValueOfFloat64(0.5)
		case protoreflect.Uint32Kind:
			return protoreflect.ValueOfUint32(1)
		case protoreflect.Uint64Kind:
			return protoreflect.ValueOfUint64(1)
		case protoreflect.Int32Kind:
			return protoreflect.ValueOfInt32(1)
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(1)
		default:
			return field.Default()
		}
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap():
			entry := value(field.MapValue(), m.Mutable(field).Map().NewValue)
			m.Mutable(field).Map().Set(protoreflect.ValueOfString("neurons").MapKey(), entry)
		case field.IsList():
			list := m.Mutable(field).List()
			list.Append(value(field, list.NewElement))
		default:
			m.Set(field, value(field, func() protoreflect.Value { return m.NewField(field) }))
		}
	}
}

// realisticMessages returns requests that a worker or an operator might send.
func realisticMessages(t testing.TB) []proto.Message {
	t.Helper()
	lease := &spiqsweepv1.Lease{Task: string(smallPlan(1)[0].Task.ID), Attempt: 1}
	body := resultBody(t)
	digest, bits := raster(t)
	head, tasks := secondSweep(recordingDigest, 2)
	whole := proto.CloneOf(head)
	whole.Tasks = tasks.GetTasks()
	return []proto.Message{
		&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 1, FreeSlots: 1},
		&spiqsweepv1.SyncRequest{
			Process: process("p", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease, Step: 3, Started: true}},
			Reports: []*spiqsweepv1.Report{
				resultReport(lease, packed(t, body), "0"),
				{Lease: lease},
				{Lease: lease, Outcome: &spiqsweepv1.Report_Failure{Failure: &spiqsweepv1.Failure{Message: "NaN", Log: "step 3"}}},
				{Lease: lease, Outcome: &spiqsweepv1.Report_HandBack{}},
			},
		},
		&spiqsweepv1.SyncRequest{
			Process: process("p", 1), Sequence: 2,
			Reports: []*spiqsweepv1.Report{resultReport(lease, packed(t, body), sweep.Digest(body))},
		},
		&spiqsweepv1.SyncRequest{Process: process("p", 1), Sequence: 3, Draining: true},
		&spiqsweepv1.GetRecordingRequest{Digest: recordingDigest},
		&spiqsweepv1.PutCheckpointRequest{Process: process("p", 1), Lease: lease, Step: 9, Body: []byte("state")},
		&spiqsweepv1.GetCheckpointRequest{Process: process("p", 1), Lease: lease},
		&spiqsweepv1.RetryRequest{Tasks: []string{lease.Task}, Diverged: true},
		&spiqsweepv1.RetryRequest{},
		&spiqsweepv1.CancelRequest{},
		&spiqsweepv1.CancelRequest{Selection: &spiqsweepv1.Selection{
			Sweep: "test", Tasks: []string{lease.Task[:8]}, Configurations: []*spiqsweepv1.ConfigurationFilter{{Settings: map[string]string{"n": "2"}}},
		}},
		&spiqsweepv1.DrainRequest{Processes: []string{"p"}, Hosts: []string{"host"}},
		&spiqsweepv1.DrainRequest{},
		&spiqsweepv1.VerifyRequest{Share: 0.5, Seed: 1},
		&spiqsweepv1.GetStatusRequest{Sweep: sweepID},
		&spiqsweepv1.PutRecordingRequest{Digest: digest, Body: packed(t, bits)},
		whole, head, tasks,
	}
}
