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
)

// parent starts a child on an office with one endless task.
func parent(t *testing.T, talk func(io.WriteCloser)) (code int, lived time.Duration, log []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 1)
		dial, closeOffice := o.open()
		defer closeOffice()
		c := testConfig(dial, stopping)
		line, err := json.Marshal(c.Coordinator)
		if err != nil {
			t.Fatal(err)
		}
		input, pipe := io.Pipe()
		go func() {
			fmt.Fprintf(pipe, "%s\n", line)
			time.Sleep(time.Minute)
			talk(pipe)
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
	code, lived, log := parent(t, func(w io.WriteCloser) { fmt.Fprintln(w, StopLine) })
	if code != ExitWorkLeft || lived > time.Minute+time.Second || strings.Join(log, ", ") != "checkpoint, handed back" {
		t.Errorf("exit code %d after %v: %v", code, lived, log)
	}
}

func TestChildFollowsItsParent(t *testing.T) {
	code, lived, log := parent(t, func(w io.WriteCloser) { w.Close() })
	if code != ExitWorkLeft || lived != time.Minute || len(log) != 0 {
		t.Errorf("exit code %d after %v: %v", code, lived, log)
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
		if code := RunChild(t.Context(), strings.NewReader(input), testConfig(nil, finishing)); code != ExitUsage {
			t.Errorf("exit code %d after %q, want %d", code, input, ExitUsage)
		}
	}
}
