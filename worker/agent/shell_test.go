package agent

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

func TestMain(m *testing.M) {
	protocol.Pack(nil) // creates the codec's channel outside of synctest bubbles
	goleak.VerifyTestMain(m)
}

// runnerFunc is a function as a runner.
type runnerFunc func(ctx context.Context, t runner.Task, r runner.Reporter) (runner.Outcome, error)

func (f runnerFunc) Run(ctx context.Context, t runner.Task, r runner.Reporter) (runner.Outcome, error) {
	return f(ctx, t, r)
}

// finishing runs a task in one second.
func finishing(ctx context.Context, t runner.Task, r runner.Reporter) (runner.Outcome, error) {
	for step := range 6 {
		r.Progress(step)
	}
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return runner.Outcome{}, runner.ErrStopped
	}
	return runner.Outcome{Result: sweep.Result{TrainableParameters: t.Configuration.Replicate}, ComputeTime: time.Second}, nil
}

// stopping runs until it is stopped, and then makes a checkpoint.
func stopping(ctx context.Context, _ runner.Task, r runner.Reporter) (runner.Outcome, error) {
	<-ctx.Done()
	r.Checkpoint(4, []byte("state"))
	return runner.Outcome{}, runner.ErrStopped
}

func testConfig(dial func(string) (*grpc.ClientConn, error), run runnerFunc) Config {
	return Config{
		Coordinator: credentials.File{Role: credentials.Worker, Addresses: []string{"127.0.0.1:1"}, Token: credentials.NewToken()},
		Slots:       2, ConnectTimeout: time.Minute, Version: "test",
		Kernel: circuit.Kernel{Name: "test", Class: "test/class"}, Runner: run,
		Log: hclog.NewNullLogger(), dial: dial,
	}
}

func TestWorkerRunsASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 7)
		dial, closeStub := o.open()
		defer closeStub()
		began := time.Now()
		if code := Run(t.Context(), testConfig(dial, finishing)); code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", code, protocol.ExitDone)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("7 tasks of a second each on 2 slots took %v", took)
		}
		if o.fetches != 1 {
			t.Errorf("the recording was fetched %d times", o.fetches)
		}
		for replicate, task := range o.tasks {
			if task.state != "done" || task.step != 5 {
				t.Fatalf("task %d is %q after step %d, want it done after step 5", replicate, task.state, task.step)
			}
			body, err := protocol.Unpack(task.result.GetBody(), protocol.MaxUnpackedBytes)
			if err != nil {
				t.Fatal(err)
			}
			result, err := sweep.DecodeResult(body)
			if err != nil {
				t.Fatal(err)
			}
			if result.TrainableParameters != replicate || sweep.Digest(body) != task.result.GetDigest() ||
				task.result.GetComputeTime().AsDuration() != time.Second {
				t.Errorf("task %d has result %s", replicate, body)
			}
		}
	})
}

func TestWorkerHandsBackWithACheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		dial, closeStub := o.open()
		defer closeStub()
		c := testConfig(dial, stopping)
		drain := make(chan struct{})
		c.Drain = drain
		time.AfterFunc(time.Minute, func() { close(drain) })
		began := time.Now()
		if code := Run(t.Context(), c); code != protocol.ExitWorkLeft {
			t.Errorf("exit code %d, want %d", code, protocol.ExitWorkLeft)
		}
		if took := time.Since(began); took > time.Minute+time.Second {
			t.Errorf("left %v after the drain", took-time.Minute)
		}
		if diff := cmp.Diff([]string{"checkpoint", "handed back"}, o.log); diff != "" {
			t.Error(diff)
		}
		if got := o.checkpoints[o.tasks[0].id]; string(got) != "state" {
			t.Errorf("checkpoint is %q", got)
		}
	})
}

func TestWorkerExitsImmediately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		dial, closeStub := o.open()
		defer closeStub()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		release := make(chan struct{})
		defer close(release)
		stubborn := func(context.Context, runner.Task, runner.Reporter) (runner.Outcome, error) {
			<-release
			return runner.Outcome{}, nil
		}
		began := time.Now()
		if code := Run(ctx, testConfig(dial, stubborn)); code != protocol.ExitWorkLeft {
			t.Errorf("exit code %d, want %d", code, protocol.ExitWorkLeft)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("left %v after the order", took-time.Minute)
		}
	})
}

func TestWorkerResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		o.tasks[0].resume = []byte("earlier state")
		dial, closeStub := o.open()
		defer closeStub()
		var got []byte
		code := Run(t.Context(), testConfig(dial, func(ctx context.Context, task runner.Task, r runner.Reporter) (runner.Outcome, error) {
			got = bytes.Clone(task.Checkpoint)
			return finishing(ctx, task, r)
		}))
		if code != protocol.ExitDone || string(got) != "earlier state" {
			t.Errorf("exit code %d, resumed from %q", code, got)
		}
	})
}

func TestFailuresAreReported(t *testing.T) {
	tests := map[string]struct {
		spoil   func(*stub)
		run     runnerFunc
		message string
		log     string
	}{
		"the task's": {
			run: func(context.Context, runner.Task, runner.Reporter) (runner.Outcome, error) {
				return runner.Outcome{}, &runner.Failure{Err: errors.New("NaN at step 3"), Log: "lines"}
			},
			message: "NaN at step 3", log: "lines",
		},
		"a result that is no number": {
			run: func(context.Context, runner.Task, runner.Reporter) (runner.Outcome, error) {
				return runner.Outcome{Result: sweep.Result{Errors: map[string]float64{"js_bits": nan()}}}, nil
			},
			message: "encode result: json: unsupported value: NaN",
		},
		"a damaged recording": {
			spoil:   func(o *stub) { o.corrupt = true },
			message: "fetch recording " + smallRaster().Digest() + ": rpc error: code = DataLoss desc = the recording's digest is",
		},
		"a foreign task": {
			spoil:   func(o *stub) { o.tasks[0].id = "0123" },
			message: "task 0123 is not that of its configuration and recording, which is",
		},
		"a bad configuration": {
			spoil:   func(o *stub) { o.tasks[0].configuration = []byte(`{"model":"other"}`) },
			message: "decode configuration:",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newStub(t, 1)
				if test.spoil != nil {
					test.spoil(o)
				}
				dial, closeStub := o.open()
				defer closeStub()
				run := test.run
				if run == nil {
					run = finishing
				}
				Run(t.Context(), testConfig(dial, run))
				task := o.tasks[0]
				if got := task.failure.GetMessage(); task.state != "failed" || len(got) < len(test.message) || got[:len(test.message)] != test.message {
					t.Errorf("state %q, message %q, want it to begin with %q", task.state, got, test.message)
				}
				if got := task.failure.GetLog(); got != test.log {
					t.Errorf("log %q, want %q", got, test.log)
				}
			})
		})
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}

func TestWorkerGivesUpWithoutACoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, closeStub := newStub(t, 1).open()
		closeStub()
		began := time.Now()
		if code := Run(t.Context(), testConfig(dial, finishing)); code != protocol.ExitUnreachable {
			t.Errorf("exit code %d, want %d", code, protocol.ExitUnreachable)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("gave up after %v, want a minute", took)
		}
	})
}

func TestWorkerIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		o.refuse = status.Error(codes.FailedPrecondition, "numerics 2: update the worker")
		dial, closeStub := o.open()
		defer closeStub()
		c := testConfig(dial, finishing)
		var log bytes.Buffer
		c.Log = hclog.New(&hclog.LoggerOptions{Output: &log})
		if code := Run(t.Context(), c); code != protocol.ExitFault {
			t.Errorf("exit code %d, want %d", code, protocol.ExitFault)
		}
		if !bytes.Contains(log.Bytes(), []byte("numerics 2: update the worker")) {
			t.Errorf("the log does not say why:\n%s", log.String())
		}
	})
}

func TestCallWithoutAnswerIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		o.silent = 1
		dial, closeStub := o.open()
		defer closeStub()
		began := time.Now()
		if code := Run(t.Context(), testConfig(dial, finishing)); code != protocol.ExitDone {
			t.Errorf("exit code %d, want %d", code, protocol.ExitDone)
		}
		if took := time.Since(began); took < protocol.CallTimeout || took > protocol.CallTimeout+5*time.Second {
			t.Errorf("took %v, want little more than a call's time-out", took)
		}
	})
}

func TestRecordingsAreKeptInAFolder(t *testing.T) {
	folder := t.TempDir()
	var fetches []int
	for round := range 3 {
		if round == 2 { // a file that is too large counts as absent
			kept, err := filepath.Glob(filepath.Join(folder, "*"))
			if err != nil || len(kept) != 1 {
				t.Fatalf("the folder has %q, %v", kept, err)
			}
			if err := os.Truncate(kept[0], 1<<40); err != nil {
				t.Skipf("skipped: needs a file system with large sparse files: %v", err)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			o := newStub(t, 1)
			dial, closeStub := o.open()
			defer closeStub()
			c := testConfig(dial, finishing)
			c.Cache = folder
			if code := Run(t.Context(), c); code != protocol.ExitDone {
				t.Errorf("exit code %d, want %d", code, protocol.ExitDone)
			}
			fetches = append(fetches, o.fetches)
		})
	}
	if diff := cmp.Diff([]int{1, 0, 1}, fetches); diff != "" {
		t.Error(diff)
	}
}

func TestValidate(t *testing.T) {
	good := testConfig(nil, finishing)
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*Config){
		`role "operator"`:       func(c *Config) { c.Coordinator.Role = credentials.Operator },
		"slots is 0":            func(c *Config) { c.Slots = 0 },
		"connect time-out is":   func(c *Config) { c.ConnectTimeout = -1 },
		"no address":            func(c *Config) { c.Coordinator.Addresses = nil },
		"not on this machine":   func(c *Config) { c.Coordinator = c.Coordinator.At("192.0.2.1:1") },
		`"nowhere" is not host`: func(c *Config) { c.Coordinator = c.Coordinator.At("nowhere") },
	}
	for want, spoil := range tests {
		c := good
		spoil(&c)
		if err := c.Validate(); err == nil || !bytes.Contains([]byte(err.Error()), []byte(want)) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
