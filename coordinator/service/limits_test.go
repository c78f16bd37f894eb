package service_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/service"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// framed encodes a message with gRPC's length prefix.
func framed(t testing.TB, m proto.Message) []byte {
	t.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	n := len(body)
	return append([]byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// untilClosed reads until the peer closes the connection, and returns the time this took.
func untilClosed(conn net.Conn) time.Duration {
	start := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(start)
}

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1, func(c *service.Config) { c.Limits.Connections = 2 })
		first, _ := b.connectHTTP2(), b.connectHTTP2()
		if took := untilClosed(b.connect()); took != 0 {
			t.Errorf("the third connection was open for %v", took)
		}
		if got := b.server.Refusals().OverLimit; got != 1 {
			t.Errorf("%d refused connections were counted, want 1", got)
		}
		first.Close()
		synctest.Wait()
		next := b.connectHTTP2()
		next.open(spiqsweepv1.OperatorService_ListSweeps_FullMethodName, operatorToken)
		next.message(framed(t, &spiqsweepv1.ListSweepsRequest{}), true)
		if _, ended := next.until(answered(1)); ended {
			t.Error("the place of a closed connection is not free")
		}
	})
}

// TestUnusedConnectionsAreClosed measures when the server closes connections that do not make
// progress.
func TestUnusedConnectionsAreClosed(t *testing.T) {
	tests := map[string]struct {
		use         func(*fixture) (took time.Duration)
		least, most time.Duration
		want        service.Refusals
	}{
		"sends nothing": {
			use:   func(b *fixture) time.Duration { return untilClosed(b.connect()) },
			least: 10 * time.Second, most: 10 * time.Second, want: service.Refusals{UnauthenticatedConnections: 1},
		},
		"makes no call": {
			use: func(b *fixture) time.Duration {
				took, _ := b.connectHTTP2().until(nothing)
				return took
			},
			least: 30 * time.Second, most: 30 * time.Second, want: service.Refusals{UnauthenticatedConnections: 1},
		},
		"does not answer pings": {
			use: func(b *fixture) time.Duration {
				c := b.connectHTTP2()
				c.ignorePings = true
				c.open(spiqsweepv1.WorkerService_Sync_FullMethodName, workerToken)
				took, _ := c.until(nothing)
				return took
			},
			least: 30 * time.Second, most: 45 * time.Second,
		},
		"makes no further call": {
			use: func(b *fixture) time.Duration {
				c := b.connectHTTP2()
				c.open(spiqsweepv1.OperatorService_ListSweeps_FullMethodName, operatorToken)
				c.message(framed(b, &spiqsweepv1.ListSweepsRequest{}), true)
				took, _ := c.until(nothing)
				return took
			},
			least: 5 * time.Minute, most: 6 * time.Minute,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newFixture(t, 1)
				if took := test.use(b); took < test.least || took > test.most {
					t.Errorf("closed after %v, want %v to %v", took, test.least, test.most)
				}
				synctest.Wait()
				if got := b.server.Refusals(); got != test.want {
					t.Errorf("counted %+v, want %+v", got, test.want)
				}
			})
		})
	}
}

func TestRepeatedInvalidTokensCloseTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		c := b.connectHTTP2()
		answers := 0
		for range 40 {
			c.open(spiqsweepv1.WorkerService_Sync_FullMethodName, operatorToken)
		}
		_, ended := c.until(func(frame http2.Frame) bool {
			if _, ok := frame.(*http2.HeadersFrame); ok {
				answers++
			}
			return false
		})
		if !ended || answers > 16 {
			t.Errorf("%d calls with a wrong token were answered, the connection ended: %v", answers, ended)
		}
		if got := b.server.Refusals(); got.UnauthenticatedConnections != 1 || got.UnauthenticatedCalls < 17 {
			t.Errorf("counted %+v", got)
		}
	})
}

// TestSlowSendersAreCut sends the message of a call at one byte a second.
func TestSlowSendersAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		for path, most := range map[string]time.Duration{
			spiqsweepv1.WorkerService_Sync_FullMethodName:        90 * time.Second, // unary
			spiqsweepv1.OperatorService_PlanSweep_FullMethodName: 30 * time.Second, // a stream
		} {
			c, token := b.connectHTTP2(), workerToken
			if strings.Contains(path, "Operator") {
				token = operatorToken
			}
			c.open(path, token)
			trickle, stop := context.WithCancel(t.Context())
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				clock := time.NewTicker(time.Second)
				defer clock.Stop()
				frames := http2.NewFramer(c.Conn, nil)                // used by this goroutine only
				_ = frames.WriteData(1, false, []byte{0, 0, 1, 0, 0}) // announces 64 KiB
				for trickle.Err() == nil {
					<-clock.C
					if frames.WriteData(1, false, []byte{0}) != nil {
						return
					}
				}
			}()
			c.ignorePings = true // acknowledgements would interleave with the trickle, which keeps the connection alive
			took, ended := c.until(answered(1))
			stop()
			<-stopped
			if ended || took < most-time.Second || took > most+time.Second {
				t.Errorf("%s: answered after %v (connection ended: %v), want %v", path, took, ended, most)
			}
			c.Close()
		}
		synctest.Wait()
		if got := b.server.Refusals().IdleStreams; got != 1 {
			t.Errorf("%d slow streams were counted, want 1", got)
		}
	})
}

// TestStreamsEnd sends a message every 20 seconds.
func TestStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		stream, err := b.operator.PlanSweep(t.Context())
		b.must(err)
		start := time.Now()
		head, _ := secondSweep(recordingDigest, 0)
		for err == nil {
			err = stream.Send(head)
			time.Sleep(20 * time.Second)
		}
		if took := time.Since(start); took < 15*time.Minute || took > 16*time.Minute {
			t.Errorf("the stream ended after %v, want 15m", took)
		}
		if _, err := stream.CloseAndRecv(); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("error is %v, want DeadlineExceeded", err)
		}
	})
}

// manyRows plans a sweep whose rows exceed the flow-control window of a connection.
func manyRows(t testing.TB, b *fixture) {
	t.Helper()
	digest, bits := raster(t)
	b.must(b.put(digest, bits))
	head, tasks := secondSweep(digest, 16_000)
	messages := []*spiqsweepv1.PlanSweepRequest{head}
	for chunk := range slices.Chunk(tasks.GetTasks(), 4000) {
		messages = append(messages, &spiqsweepv1.PlanSweepRequest{Tasks: chunk})
	}
	_, err := b.plan(messages...)
	b.must(err)
}

// TestUnreadStreamsAreCut leaves a stream unread on a live connection.
func TestUnreadStreamsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		manyRows(t, b)
		c := b.connectHTTP2()
		c.open(spiqsweepv1.OperatorService_ListRows_FullMethodName, operatorToken)
		c.message(framed(t, &spiqsweepv1.ListRowsRequest{Sweep: "other"}), true)
		c.until(answered(1))
		start := time.Now()
		for b.server.Refusals().IdleStreams == 0 && time.Since(start) < time.Hour {
			c.until(func(frame http2.Frame) bool { _, ok := frame.(*http2.PingFrame); return ok })
			b.must(c.frames.WriteWindowUpdate(0, 1)) // keeps the connection alive
		}
		if took := time.Since(start); took < 30*time.Second || took > time.Minute {
			t.Errorf("an unread stream was cut after %v, want 30s or a little more", took)
		}
	})
}

// largeRecording stores an incompressible recording and returns its digest.
func largeRecording(b *fixture) string {
	b.Helper()
	body := make([]byte, 4<<20)
	rand.Read(body)
	b.must(b.queue.PutRecording(b.Context(), sweep.Digest(body), body))
	return sweep.Digest(body)
}

// TestUnreadConnectionsAreClosed opens all flow-control windows and sends frames, but does not
// read from the connection.
func TestUnreadConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		c := b.connectHTTP2()
		b.must(c.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30}))
		b.must(c.frames.WriteWindowUpdate(0, 1<<30))
		c.open(spiqsweepv1.WorkerService_GetRecording_FullMethodName, workerToken)
		c.message(framed(t, &spiqsweepv1.GetRecordingRequest{Digest: largeRecording(b)}), true)
		start := time.Now()
		var err error
		for err == nil && time.Since(start) < time.Hour {
			time.Sleep(5 * time.Second)
			err = c.frames.WriteWindowUpdate(0, 1)
		}
		if took := time.Since(start); err == nil || took > time.Minute {
			t.Errorf("the connection was closed after %v (%v), want a minute at most", took, err)
		}
	})
}

// TestConnectionsHaveAMaximumAge keeps a connection alive without taking the response of its
// call.
func TestConnectionsHaveAMaximumAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		c := b.connectHTTP2()
		c.open(spiqsweepv1.WorkerService_GetRecording_FullMethodName, workerToken)
		c.message(framed(t, &spiqsweepv1.GetRecordingRequest{Digest: largeRecording(b)}), true)
		if took, _ := c.until(nothing); took < 50*time.Minute || took > 90*time.Minute {
			t.Errorf("the connection ended after %v, want an hour and a quarter or so", took)
		}
	})
}

func TestHeadersAreBounded(t *testing.T) {
	b := newFixture(t, 1)
	c := b.connectHTTP2()
	c.open(spiqsweepv1.OperatorService_ListSweeps_FullMethodName, operatorToken, "much", strings.Repeat("x", 20<<10))
	c.message(framed(t, &spiqsweepv1.ListSweepsRequest{}), true)
	if _, ended := c.until(answered(1)); !ended {
		t.Error("a call with 20 KiB of metadata was answered, want the connection to end")
	}
}

func TestStreamsOfAConnectionAreBounded(t *testing.T) {
	b := newFixture(t, 1)
	c := b.connectHTTP2()
	for range 65 {
		c.open(spiqsweepv1.WorkerService_Sync_FullMethodName, workerToken)
	}
	if _, ended := c.until(reset(2*65-1, http2.ErrCodeRefusedStream)); ended {
		t.Error("the connection ended, want the 65th call to be refused")
	}
}

// TestRateLimits checks the error of excess calls and the delay that it asks for.
func TestRateLimits(t *testing.T) {
	tests := map[string]struct {
		limits  service.Limits
		another bool // another process is still served
	}{
		"connection": {service.Limits{CallsPerSecond: 1, CallBurst: 3}, false},
		"process":    {service.Limits{ProcessCallsPerSecond: 1, ProcessCallBurst: 3}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newFixture(t, 1, func(c *service.Config) { c.Limits = test.limits })
				sequence := uint64(0)
				call := func(id string) error {
					sequence++
					_, err := b.worker.Sync(t.Context(), &spiqsweepv1.SyncRequest{Process: process(id, 1), Sequence: sequence})
					return err
				}
				for range 3 {
					b.must(call("p"))
				}
				err := call("p")
				if status.Code(err) != codes.ResourceExhausted || len(status.Convert(err).Details()) != 1 {
					t.Fatalf("the fourth call: %v, want ResourceExhausted and a hint", err)
				}
				hint, ok := status.Convert(err).Details()[0].(*errdetails.RetryInfo)
				if !ok || hint.GetRetryDelay().AsDuration() != time.Second {
					t.Errorf("hint is %v, want a second", hint)
				}
				if err := call("q"); (err == nil) != test.another {
					t.Errorf("another process: %v, want success: %v", err, test.another)
				}
				if b.server.Refusals().RateLimited == 0 {
					t.Error("the refusal was not counted")
				}
				time.Sleep(hint.GetRetryDelay().AsDuration())
				b.must(call("p"))
			})
		})
	}
}

// hangingStore is a store whose reads hang.
type hangingStore struct{ queue.Store }

func (s hangingStore) View(ctx context.Context, _ func(queue.Tx) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCallsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1, func(c *service.Config) { c.Queue = queue.New(hangingStore{}, queue.Policy{}) })
		start := time.Now()
		_, err := b.worker.GetRecording(t.Context(), &spiqsweepv1.GetRecordingRequest{Digest: recordingDigest})
		if took := time.Since(start); status.Code(err) != codes.DeadlineExceeded || took != 30*time.Second {
			t.Errorf("after %v: %v, want DeadlineExceeded after 30s", took, err)
		}
	})
}

func TestChangesHaveALongerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1, func(c *service.Config) { c.Queue = queue.New(hangingStore{}, queue.Policy{}) })
		for name, call := range map[string]func() error{
			"retry":  func() error { _, err := b.operator.Retry(t.Context(), &spiqsweepv1.RetryRequest{}); return err },
			"cancel": func() error { _, err := b.operator.Cancel(t.Context(), &spiqsweepv1.CancelRequest{}); return err },
			"verify": func() error {
				_, err := b.operator.Verify(t.Context(), &spiqsweepv1.VerifyRequest{Share: 1})
				return err
			},
			"delete": func() error {
				_, err := b.operator.DeleteSweep(t.Context(), &spiqsweepv1.DeleteSweepRequest{})
				return err
			},
		} {
			start := time.Now()
			err := call()
			if took := time.Since(start); status.Code(err) != codes.DeadlineExceeded || took != 10*time.Minute {
				t.Errorf("%s: after %v: %v, want DeadlineExceeded after 10m", name, took, err)
			}
		}
	})
}

// TestMalformedIDsAreNotTracked checks that IDs as long as a message do not occupy memory.
func TestMalformedIDsAreNotTracked(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	limiter := service.NewProcessLimiter(service.Limits{})
	for _, id := range []string{"worker", long + "1", long + "2"} {
		if err := limiter.Call(id); err != nil {
			t.Error(err)
		}
	}
	if kept := limiter.TrackedBytes(); kept != len("worker") {
		t.Errorf("%d bytes of IDs are tracked, want those of one", kept)
	}
}

// TestOtherProcessesDoNotResetALimit checks that a limited process is not evicted by calls of
// many others.
func TestOtherProcessesDoNotResetALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := service.NewProcessLimiter(service.Limits{ProcessCallsPerSecond: 1, ProcessCallBurst: 1, NewProcessBurst: 1 << 20})
		if err := limiter.Call("eager"); err != nil {
			t.Fatal(err)
		}
		for i := range service.MaxProcesses + 10 {
			if err := limiter.Call(strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
			if i%1000 == 0 && status.Code(limiter.Call("eager")) != codes.ResourceExhausted {
				t.Fatalf("the process is served again after %d others", i)
			}
		}
		if status.Code(limiter.Call("eager")) != codes.ResourceExhausted {
			t.Error("the process is served again")
		}
	})
}

// TestNewProcessesAreLimited checks that the limit of an address does not affect processes
// that have called before.
func TestNewProcessesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1, func(c *service.Config) { c.Limits.NewProcessBurst, c.Limits.NewProcessesPerSecond = 3, 1 })
		call := func(i, sequence int) error {
			_, err := b.worker.Sync(t.Context(), &spiqsweepv1.SyncRequest{Process: process(strconv.Itoa(i), 1), Sequence: uint64(sequence)})
			return err
		}
		for i := range 3 {
			b.must(call(i, 1))
		}
		err := call(3, 1)
		if status.Code(err) != codes.ResourceExhausted || len(status.Convert(err).Details()) != 1 {
			t.Errorf("the fourth process: %v, want ResourceExhausted and a hint", err)
		}
		for i := range 3 {
			b.must(call(i, 2))
		}
		if got, err := b.operator.GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{}); err != nil || len(got.GetWorkers()) != 3 {
			t.Errorf("status has %d workers, %v, want 3", len(got.GetWorkers()), err)
		}
		time.Sleep(time.Second)
		b.must(call(3, 1))
	})
}

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:1000":         "192.0.2.7",
		"[::ffff:192.0.2.7]:1":   "192.0.2.7",
		"[2001:db8:1:2:3::4]:1":  "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::]:": "[2001:db8:1:2:ffff::]:",
		"127.0.0.9:5":            "loopback",
		"[::1]:5":                "loopback",
		"[fe80::1%eth0]:5":       "fe80::/64",
	} {
		if got := service.NetworkOf(textAddr(address)); got != want {
			t.Errorf("NetworkOf(%s) = %s, want %s", address, got, want)
		}
	}
}

// textAddr is a net.Addr with a given text.
type textAddr string

func (textAddr) Network() string  { return "tcp" }
func (a textAddr) String() string { return string(a) }

// TestPanicsFailOnlyTheirCall makes handlers panic by a missing queue.
func TestPanicsFailOnlyTheirCall(t *testing.T) {
	b := newFixture(t, 1, func(c *service.Config) { c.Queue = nil })
	for path, token := range map[string]string{
		spiqsweepv1.OperatorService_GetSweep_FullMethodName: operatorToken,
		spiqsweepv1.OperatorService_ListRows_FullMethodName: operatorToken,
	} {
		for range 2 {
			err := callEmpty(t.Context(), b.dial(token), path)
			if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "its log says more") || strings.Contains(err.Error(), "nil") {
				t.Errorf("%s: %v, want Internal without details", path, err)
			}
		}
	}
}

// TestLimitsSufficeForAWorkerOfManySlots stores 128 checkpoints concurrently, as a leaving
// worker does.
func TestLimitsSufficeForAWorkerOfManySlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFixture(t, 1)
		lease := b.lease("large")
		calls := make(chan error)
		for i := range 128 {
			go func() {
				_, err := b.worker.PutCheckpoint(t.Context(), &spiqsweepv1.PutCheckpointRequest{
					Process: process("large", 1), Lease: lease, Step: uint64(i + 1), Body: []byte("state"),
				}, grpc.WaitForReady(true))
				calls <- err
			}()
		}
		var faults error
		for range 128 {
			faults = errors.Join(faults, <-calls)
		}
		b.must(faults)
	})
}
