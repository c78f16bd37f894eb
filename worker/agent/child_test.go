package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
)

// parent runs a child on a coordinator with one endless task.
func parent(t *testing.T, talk func(io.WriteCloser)) (code int, lived time.Duration, log []string) {
	t.Helper()
	return childOf(t, func(*stub) {}, func(_ *stub, pipe io.WriteCloser) { talk(pipe) })
}

// childOf runs a child with an endless task, and calls happens after a minute.
func childOf(t *testing.T, prepare func(*stub), happens func(*stub, io.WriteCloser)) (code int, lived time.Duration, log []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		prepare(o)
		dial, closeStub := o.open()
		defer closeStub()
		c := testConfig(dial, stopping)
		line, err := json.Marshal(c.Coordinator)
		if err != nil {
			t.Fatal(err)
		}
		input, pipe := io.Pipe()
		go func() {
			fmt.Fprintf(pipe, "%s\n", line)
			select {
			case <-time.After(time.Minute):
				happens(o, pipe)
			case <-t.Context().Done():
			}
		}()
		began := time.Now()
		code = RunChild(t.Context(), input, c)
		lived = time.Since(began)
		pipe.Close()
		log = o.log
	})
	return code, lived, log
}

func TestChildStops(t *testing.T) {
	code, lived, log := parent(t, func(w io.WriteCloser) { fmt.Fprintln(w, protocol.StopLine) })
	if code != protocol.ExitWorkLeft || lived > time.Minute+time.Second || strings.Join(log, ", ") != "checkpoint, handed back" {
		t.Errorf("exit code %d after %v: %v", code, lived, log)
	}
}

func TestChildFollowsItsParent(t *testing.T) {
	code, lived, log := parent(t, func(w io.WriteCloser) { w.Close() })
	if code != protocol.ExitWorkLeft || lived != time.Minute || len(log) != 0 {
		t.Errorf("exit code %d after %v: %v", code, lived, log)
	}
}

// The exit code tells the parent, whether or not the child has work.
func TestChildIsDrainedByAnOperator(t *testing.T) {
	code, lived, log := childOf(t, func(*stub) {}, func(o *stub, _ io.WriteCloser) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.drain = true
	})
	if code != protocol.ExitWorkLeft || lived > time.Minute+30*time.Second || strings.Join(log, ", ") != "checkpoint, handed back" {
		t.Errorf("exit code %d after %v: %v", code, lived, log)
	}
	for drain, want := range map[bool]int{false: protocol.ExitDone, true: protocol.ExitWorkLeft} {
		code, _, log = childOf(t, func(o *stub) { o.tasks[0].state, o.drain = "done", drain }, nil)
		if code != want || len(log) != 0 {
			t.Errorf("exit code %d of one that has nothing to do, want %d: %v", code, want, log)
		}
	}
}

func TestChildIgnoresUnknownLines(t *testing.T) {
	_, lived, _ := parent(t, func(w io.WriteCloser) {
		fmt.Fprintln(w, "hello")
		time.Sleep(time.Minute)
		fmt.Fprint(w, "stop\nstop\n")
	})
	if lived < 2*time.Minute {
		t.Errorf("left after %v", lived)
	}
}

func TestChildNeedsCredentials(t *testing.T) {
	operator, err := json.Marshal(credentials.File{
		Role: credentials.Operator, Addresses: []string{"127.0.0.1:1"}, Token: credentials.NewToken(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{"", "stop\n", "{}\n", string(operator) + "\n"} {
		if code := RunChild(t.Context(), strings.NewReader(input), testConfig(nil, finishing)); code != protocol.ExitUsage {
			t.Errorf("exit code %d after %q, want %d", code, input, protocol.ExitUsage)
		}
	}
}
