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

// framed is a message as gRPC puts it on the wire.
func framed(t testing.TB, m proto.Message) []byte {
	t.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	n := len(body)
	return append([]byte{0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// ends reads until the other side closes the connection, and says how long it took.
func ends(conn net.Conn) time.Duration {
	start := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(start)
}

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1, func(c *service.Config) { c.Limits.Connections = 2 })
		first, _ := b.speak(), b.speak()
		if took := ends(b.connect()); took != 0 {
			t.Errorf("the third connection was open for %v", took)
		}
		if got := b.server.Refusals().Connections; got != 1 {
			t.Errorf("%d refused connections were counted, want 1", got)
		}
		first.Close()
		synctest.Wait()
		next := b.speak()
		next.open(spiqsweepv1.OperatorService_ListSweeps_FullMethodName, operatorToken)
		next.message(framed(t, &spiqsweepv1.ListSweepsRequest{}), true)
		if _, ended := next.until(answered(1)); ended {
			t.Error("the place of one that has left is not free")
		}
	})
}

// TestNobodyKeepsAConnectionForNothing opens connections that never come to the
// point, and looks when they are cut.
func TestNobodyKeepsAConnectionForNothing(t *testing.T) {
	tests := map[string]struct {
		live        func(*rig) (took time.Duration)
		least, most time.Duration
		want        service.Refusals
	}{
		"says nothing": {
			live:  func(b *rig) time.Duration { return ends(b.connect()) },
			least: 10 * time.Second, most: 10 * time.Second, want: service.Refusals{Strangers: 1},
		},
		"makes no call": {
			live: func(b *rig) time.Duration {
				took, _ := b.speak().until(nothing)
				return took
			},
			least: 30 * time.Second, most: 30 * time.Second, want: service.Refusals{Strangers: 1},
		},
		"does not answer pings": {
			live: func(b *rig) time.Duration {
				c := b.speak()
				c.deaf = true
				c.open(spiqsweepv1.WorkerService_Sync_FullMethodName, workerToken)
				took, _ := c.until(nothing)
				return took
			},
			least: 30 * time.Second, most: 45 * time.Second,
		},
		"is done": {
			live: func(b *rig) time.Duration {
				c := b.speak()
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
				b := newRig(t, 1)
				if took := test.live(b); took < test.least || took > test.most {
					t.Errorf("cut after %v, want %v to %v", took, test.least, test.most)
				}
				synctest.Wait()
				if got := b.server.Refusals(); got != test.want {
					t.Errorf("counted %+v, want %+v", got, test.want)
				}
			})
		})
	}
}

func TestWhoIsWrongAgainAndAgainIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		c := b.speak()
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
		if got := b.server.Refusals(); got.Strangers != 1 || got.Unauthenticated < 17 {
			t.Errorf("counted %+v", got)
		}
	})
}

// TestSlowSendersAreCut sends a call's message a byte a second.
func TestSlowSendersAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		for path, most := range map[string]time.Duration{
			spiqsweepv1.WorkerService_Sync_FullMethodName:        90 * time.Second, // unary
			spiqsweepv1.OperatorService_PlanSweep_FullMethodName: 30 * time.Second, // a stream
		} {
			c, token := b.speak(), workerToken
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
				frames := http2.NewFramer(c.Conn, nil)                // of this goroutine
				_ = frames.WriteData(1, false, []byte{0, 0, 1, 0, 0}) // 64 KiB are to come
				for trickle.Err() == nil {
					<-clock.C
					if frames.WriteData(1, false, []byte{0}) != nil {
						return
					}
				}
			}()
			c.deaf = true // its pings' answers would mix with the trickle; the trickle is a sign of life
			took, ended := c.until(answered(1))
			stop()
			<-stopped
			if ended || took < most-time.Second || took > most+time.Second {
				t.Errorf("%s: answered after %v (connection ended: %v), want %v", path, took, ended, most)
			}
			c.Close()
		}
		synctest.Wait()
		if got := b.server.Refusals().Slow; got != 1 {
			t.Errorf("%d slow streams were counted, want 1", got)
		}
	})
}

// TestStreamsEnd keeps a stream alive by a message every 20 seconds.
func TestStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		stream, err := b.operator.PlanSweep(t.Context())
		b.must(err)
		start := time.Now()
		head, _ := other(recordingDigest, 0)
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

// manyRows plans a sweep whose rows do not fit into the windows of a connection.
func manyRows(t testing.TB, b *rig) {
	t.Helper()
	digest, bits := raster(t)
	b.must(b.put(digest, bits))
	head, tasks := other(digest, 16_000)
	messages := []*spiqsweepv1.PlanSweepRequest{head}
	for some := range slices.Chunk(tasks.GetTasks(), 4000) {
		messages = append(messages, &spiqsweepv1.PlanSweepRequest{Tasks: some})
	}
	_, err := b.plan(messages...)
	b.must(err)
}

// TestStreamsThatNobodyReadsAreCut takes no message of a stream, though the
// connection is alive.
func TestStreamsThatNobodyReadsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		manyRows(t, b)
		c := b.speak()
		c.open(spiqsweepv1.OperatorService_ListRows_FullMethodName, operatorToken)
		c.message(framed(t, &spiqsweepv1.ListRowsRequest{Sweep: "other"}), true)
		c.until(answered(1))
		start := time.Now()
		for b.server.Refusals().Slow == 0 && time.Since(start) < time.Hour {
			c.until(func(frame http2.Frame) bool { _, ok := frame.(*http2.PingFrame); return ok })
			b.must(c.frames.WriteWindowUpdate(0, 1)) // a sign of life
		}
		if took := time.Since(start); took < 30*time.Second || took > time.Minute {
			t.Errorf("a stream that nobody reads was cut after %v, want 30s or a little more", took)
		}
	})
}

// largeRecording stores bits that do not compress, and returns their digest.
func largeRecording(b *rig) string {
	b.Helper()
	body := make([]byte, 4<<20)
	rand.Read(body)
	b.must(b.queue.PutRecording(b.Context(), sweep.Digest(body), body))
	return sweep.Digest(body)
}

// TestWhoReadsNothingAtAllIsCut: it opens all windows and sends signs of life,
// but leaves everything to its system's buffers.
func TestWhoReadsNothingAtAllIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		c := b.speak()
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
			t.Errorf("it was cut after %v (%v), want a minute at most", took, err)
		}
	})
}

// TestNoConnectionLastsForEver: one whose answer is never taken, but which is
// alive by all signs, is not kept beyond its age.
func TestNoConnectionLastsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		c := b.speak()
		c.open(spiqsweepv1.WorkerService_GetRecording_FullMethodName, workerToken)
		c.message(framed(t, &spiqsweepv1.GetRecordingRequest{Digest: largeRecording(b)}), true)
		if took, _ := c.until(nothing); took < 50*time.Minute || took > 90*time.Minute {
			t.Errorf("the connection ended after %v, want an hour and a quarter or so", took)
		}
	})
}

func TestHeadersAreBounded(t *testing.T) {
	b := newRig(t, 1)
	c := b.speak()
	c.open(spiqsweepv1.OperatorService_ListSweeps_FullMethodName, operatorToken, "much", strings.Repeat("x", 20<<10))
	c.message(framed(t, &spiqsweepv1.ListSweepsRequest{}), true)
	if _, ended := c.until(answered(1)); !ended {
		t.Error("a call with 20 KiB of metadata was answered, want the connection to end")
	}
}

func TestStreamsOfAConnectionAreBounded(t *testing.T) {
	b := newRig(t, 1)
	c := b.speak()
	for range 65 {
		c.open(spiqsweepv1.WorkerService_Sync_FullMethodName, workerToken)
	}
	if _, ended := c.until(reset(2*65-1, http2.ErrCodeRefusedStream)); ended {
		t.Error("the connection ended, want the 65th call to be refused")
	}
}

// TestWhoComesTooOftenIsSentAway, and told when to come back.
func TestWhoComesTooOftenIsSentAway(t *testing.T) {
	tests := map[string]struct {
		limits  service.Limits
		another bool // process is served meanwhile
	}{
		"connection": {service.Limits{CallsPerSecond: 1, CallBurst: 3}, false},
		"process":    {service.Limits{ProcessCallsPerSecond: 1, ProcessCallBurst: 3}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newRig(t, 1, func(c *service.Config) { c.Limits = test.limits })
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
					t.Errorf("another process hears %v, want it to be served: %v", err, test.another)
				}
				if b.server.Refusals().TooMany == 0 {
					t.Error("nothing was counted")
				}
				time.Sleep(hint.GetRetryDelay().AsDuration())
				b.must(call("p"))
			})
		})
	}
}

// stuck is a store that answers nobody.
type stuck struct{ queue.Store }

func (s stuck) View(ctx context.Context, _ func(queue.Tx) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCallsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1, func(c *service.Config) { c.Queue = queue.New(stuck{}, queue.Policy{}) })
		start := time.Now()
		_, err := b.worker.GetRecording(t.Context(), &spiqsweepv1.GetRecordingRequest{Digest: recordingDigest})
		if took := time.Since(start); status.Code(err) != codes.DeadlineExceeded || took != 30*time.Second {
			t.Errorf("after %v the call hears %v, want DeadlineExceeded after 30s", took, err)
		}
	})
}

// TestCallsThatChangeTasksHaveTime: a million tasks take minutes.
func TestCallsThatChangeTasksHaveTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1, func(c *service.Config) { c.Queue = queue.New(stuck{}, queue.Policy{}) })
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
				t.Errorf("%s: after %v the call hears %v, want DeadlineExceeded after 10m", name, took, err)
			}
		}
	})
}

// TestWhatIsNoIdentityIsNotRemembered: each could be as long as a message.
func TestWhatIsNoIdentityIsNotRemembered(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	paces := service.NewPaces(service.Limits{})
	for _, identity := range []string{"worker", long + "1", long + "2"} {
		if err := paces.Call(identity); err != nil {
			t.Error(err)
		}
	}
	if kept := paces.Remembered(); kept != len("worker") {
		t.Errorf("%d bytes are kept, want those of one identity", kept)
	}
}

// TestManyProcessesDoNotFreeOne: a process that calls too often is not served
// again because other identities have called.
func TestManyProcessesDoNotFreeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paces := service.NewPaces(service.Limits{ProcessCallsPerSecond: 1, ProcessCallBurst: 1, NewProcessBurst: 1 << 20})
		if err := paces.Call("eager"); err != nil {
			t.Fatal(err)
		}
		for i := range service.MaxProcesses + 10 {
			if err := paces.Call(strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
			if i%1000 == 0 && status.Code(paces.Call("eager")) != codes.ResourceExhausted {
				t.Fatalf("the process is served again after %d others", i)
			}
		}
		if status.Code(paces.Call("eager")) != codes.ResourceExhausted {
			t.Error("the process is served again")
		}
	})
}

// TestNewProcessesAreLimited: one token can name itself anything, so that the
// identities of an address are limited; the processes that are there are served.
func TestNewProcessesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1, func(c *service.Config) { c.Limits.NewProcessBurst, c.Limits.NewProcessesPerSecond = 3, 1 })
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

func TestSource(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:1000":         "192.0.2.7",
		"[::ffff:192.0.2.7]:1":   "192.0.2.7",
		"[2001:db8:1:2:3::4]:1":  "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::]:": "[2001:db8:1:2:ffff::]:",
		"127.0.0.9:5":            "loopback",
		"[::1]:5":                "loopback",
		"[fe80::1%eth0]:5":       "fe80::/64",
	} {
		if got := service.Source(named(address)); got != want {
			t.Errorf("Source(%s) = %s, want %s", address, got, want)
		}
	}
}

// named is an address by its text.
type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

// TestPanicsStayWithinTheirCall: the queue is missing, of all things.
func TestPanicsStayWithinTheirCall(t *testing.T) {
	b := newRig(t, 1, func(c *service.Config) { c.Queue = nil })
	for path, token := range map[string]string{
		spiqsweepv1.OperatorService_GetSweep_FullMethodName: operatorToken,
		spiqsweepv1.OperatorService_ListRows_FullMethodName: operatorToken,
	} {
		for range 2 {
			err := empty(t.Context(), b.dial(token), path)
			if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "its log says more") || strings.Contains(err.Error(), "nil") {
				t.Errorf("%s: %v, want Internal without details", path, err)
			}
		}
	}
}

// TestLimitsSufficeForAWorkerOfManySlots: 128 checkpoints are stored at once
// when it leaves.
func TestLimitsSufficeForAWorkerOfManySlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newRig(t, 1)
		lease := b.take("large")
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
