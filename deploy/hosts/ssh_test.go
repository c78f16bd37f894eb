//go:build linux

package hosts

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spiqsweep/deploy/needs"
)

// TestOverSSH runs a sweep on two hosts that the coordinator's host reaches by ssh alone:
// `coordinator hosts` copies the worker, starts it, and stops it in the middle of a task.
func TestOverSSH(t *testing.T) {
	needsHosts(t)
	t.Parallel()
	sshd := "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		sshd = needs.Program(t, "sshd", "openssh-server")
	}
	ssh, keygen := needs.Program(t, "ssh", "openssh-client"), needs.Program(t, "ssh-keygen", "openssh-client")
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd gives up its rights
		t.Fatal(err)
	}
	s := newSweepOf(long, newNetwork(t, nil), shortLease)
	write := func(name, body string, mode os.FileMode) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path(name), []byte(body), mode); err != nil {
			t.Fatal(err)
		}
		return s.path(name)
	}
	for _, key := range []string{"host", "user"} {
		if said, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", s.path(key)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	for _, h := range []*host{s.w1, s.w2} {
		home := s.path("home/" + h.name)
		if err := os.MkdirAll(home, 0o700); err != nil {
			t.Fatal(err)
		}
		config := write("sshd-"+h.name, fmt.Sprintf("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nSetEnv HOME=%s\n",
			s.path("host"), s.path("user.pub"), home), 0o600)
		h.start(sshd, "-D", "-e", "-f", config).untilSaid("Server listening on")
	}
	config := write("config", fmt.Sprintf("Host *\nIdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile %s\nStrictHostKeyChecking accept-new\n", s.path("user"), s.path("known")), 0o600)
	write("bin/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", ssh, config), 0o700)
	file := write("hosts.txt", "w1 slots=1\nw2 slots=1 nice=5\n", 0o600)
	hosts := func(code int, arguments ...string) string {
		t.Helper()
		p := s.coordinator.start("/usr/bin/env", append([]string{"PATH=" + s.path("bin") + ":" + os.Getenv("PATH"), filepath.Join(programs, "coordinator"), "hosts"}, arguments...)...)
		p.expect(code)
		return p.said()
	}
	want := func(said string, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if !strings.Contains(said, line) {
				t.Errorf("it printed %q, want %q", said, line)
			}
		}
	}

	want(hosts(0, "status", file), "w1\tabsent", "w2\tabsent")
	// An absent program is found before any host is asked.
	want(hosts(2, "start", file, "--out", s.path("out"), "--program", s.path("none")), "there is no worker program")
	want(hosts(0, "start", file, "w1", "--out", s.path("out"), "--", "--log-level", "debug"), "w1: started, process ")
	s.p.untilSaid("lease is granted")
	want(hosts(0, "start", file, "w1", "--out", s.path("out"), "--", "--log-level", "debug"), "w1: runs already, process ")
	want(hosts(0, "logs", file, "w1", "--last", "1000"), "==> w1 <==", "in touch with the coordinator", "task begins")
	want(hosts(0, "stop", file), "w1: stopped, exit code 75: tasks handed back", "w2: no worker was started")

	want(hosts(0, "start", file, "--out", s.path("out")), "w1: started, process ", "w2: started, process ")
	outcomes := s.finish()
	wantOutcomes(t, outcomes, "handed_back")

	// The workers end with the sweep, and a host that is cut off is the only one that is unknown.
	var states []struct{ Host, State, Error string }
	for deadline := time.Now().Add(testTimeout); len(states) != 2 || states[0].State != "ended" || states[1].State != "ended"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the workers do not end: %+v", states)
		}
		if err := json.Unmarshal([]byte(hosts(0, "status", file, "--json")), &states); err != nil {
			t.Fatal(err)
		}
	}
	s.w2.cut()
	said := hosts(1, "status", file, "--timeout", "3s")
	want(said, "w1\tended\t\texit code 0: done", "w2\tunknown\t\tno answer within 3s: try `ssh w2 true`")
}
