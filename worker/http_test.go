package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/worker/agent"
)

// TestHTTP asks for each path, with and without --pprof, by several names.
func TestHTTP(t *testing.T) {
	metrics := agent.NewMetrics("v1", circuit.Kernel{Name: "test", Class: "test/class"}, 1)
	for name, test := range map[string]struct {
		pprof              bool
		method, path, host string
		status             int
		contains           string
	}{
		"metrics":                       {false, "GET", "/metrics", "10.0.0.1:80", 200, "spiqsweep_worker_slots 1\n"},
		"health":                        {false, "GET", "/healthz", "node7", 200, "ok\n"},
		"profiles that nobody asks for": {false, "GET", "/debug/pprof/", "localhost:7480", 404, ""},
		"profiles":                      {true, "GET", "/debug/pprof/", "localhost:7480", 200, "goroutine"},
		"a profile":                     {true, "GET", "/debug/pprof/heap?debug=1", "127.0.0.1", 200, "heap profile"},
		"the command line":              {true, "GET", "/debug/pprof/cmdline", "[::1]:7480", 200, ""},
		"a name of another site":        {true, "GET", "/debug/pprof/", "evil.example:7480", 421, "names of this machine"},
		"a name without a port":         {true, "GET", "/metrics", "evil.example", 421, ""},
		"a change":                      {true, "POST", "/metrics", "localhost:7480", 405, ""},
		"another path":                  {false, "GET", "/", "localhost:7480", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(test.method, test.path, nil)
			r.Host = test.host
			w := httptest.NewRecorder()
			httpFlags{pprof: test.pprof}.handler(metrics).ServeHTTP(w, r)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.contains) {
				t.Errorf("%d %.300q, want %d with %q", w.Code, w.Body, test.status, test.contains)
			}
		})
	}
}

// TestServe listens on a free port, which is refused to a second worker and free again
// after the end.
func TestServe(t *testing.T) {
	config := agent.Config{Slots: 3, Log: hclog.NewNullLogger()}
	var address string
	config.Log = hclog.New(&hclog.LoggerOptions{Output: writer(func(line string) {
		_, address, _ = strings.Cut(strings.TrimSpace(line), "address=")
	})})
	stop, err := httpFlags{address: "127.0.0.1:0"}.serve(&config)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if !strings.Contains(string(body), "spiqsweep_worker_slots 3\n") {
		t.Errorf("answered %s", body)
	}
	second := httpFlags{address: address}
	if _, err := second.serve(&config); err == nil || !strings.Contains(err.Error(), "the port is in use: choose another, or 0 for any that is free") {
		t.Errorf("a second worker at %s: %v", address, err)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	again, err := second.serve(&config)
	if err != nil {
		t.Fatalf("after the end: %v", err)
	}
	again()
}

// writer is a function as an io.Writer.
type writer func(string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}
