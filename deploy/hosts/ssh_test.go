//go:build linux

package hosts

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"spiqsweep/deploy/needs"
)

// TestOverSSH runs a sweep on two hosts that the coordinator's host reaches by ssh alone, by the
// commands of deploy/README.md: `coordinator hosts` copies the worker, starts it, and stops it in
// the middle of a task.
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
	s := &sweepRun{network: newNetwork(t, nil), spec: newLong(t), folder: t.TempDir(), out: "runs/hosts", keys: "runs/serve"}
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
		config := s.write("sshd-"+h.name, fmt.Sprintf("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nSetEnv HOME=%s\n",
			s.path("host"), s.path("user.pub"), home), 0o600)
		h.start(sshd, "-D", "-e", "-f", config).untilSaid("Server listening on")
	}
	config := s.write("config", fmt.Sprintf("Host *\nIdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile %s\nStrictHostKeyChecking accept-new\n", s.path("user"), s.path("known")), 0o600)
	s.write("bin/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", ssh, config), 0o700)
	s.write("hosts.txt", "w1 slots=1\nw2 slots=1 nice=5\n", 0o600)
	s.write("sweep.hcl", s.spec.grid, 0o600)
	hosts := func(code int, line string, want ...string) {
		t.Helper()
		p := s.run(line)
		p.expect(code)
		for _, text := range want {
			if !strings.Contains(p.said(), text) {
				t.Errorf("%s: it printed %q, want %q", line, p.said(), text)
			}
		}
	}
	lines := readmeCommands(t)
	if len(lines) != 5 {
		t.Fatalf("deploy/README.md has the commands %q, want those that serve, start workers, submit a sweep, print the workers' states, and stop them", lines)
	}
	serve, start, submit, status, stop := lines[0], lines[1], lines[2], lines[3], lines[4]

	hosts(0, status, "w1\tabsent", "w2\tabsent")
	server := s.run(serve)
	server.untilSaid("submit sweeps with")
	// An absent program is found before any host is asked.
	hosts(2, strings.Replace(start, " -- ", " --program none -- ", 1), `--program "none"`)
	hosts(0, start, "w1: started, process ", "w2: started, process ")
	hosts(0, start, "w1: runs already, process ", "w2: runs already, process ")
	s.p = s.run(submit)
	s.untilBusy()
	hosts(0, stop, "w1: stopped, exit code ", "w2: stopped, exit code ", "75: tasks handed back")
	hosts(0, "coordinator hosts logs hosts.txt w1 --last 1000", "==> w1 <==", callRepeated)

	hosts(0, start, "w1: started, process ", "w2: started, process ")
	outcomes := s.finish(server)
	wantOutcomes(t, outcomes, "handed_back")

	// The workers stay, and a host that is cut off is the only one whose worker is unknown.
	hosts(0, status, "w1\trunning", "w2\trunning")
	hosts(0, stop, "w1: stopped, exit code 0", "w2: stopped, exit code 0")
	s.w2.cut()
	hosts(1, status+" --timeout 10s", "w1\tended\t\texit code 0: done", "w2\tunknown\t\tno answer within 10s: try `ssh w2 true`")
}

// run starts a command line on the coordinator's host, in the folder of the test.
func (s *sweepRun) run(line string) *process {
	s.t.Helper()
	return s.coordinator.start("/bin/sh", "-c", fmt.Sprintf("cd '%s' && PATH='%s:%s':$PATH && exec %s", s.folder, s.path("bin"), programs, line))
}

// readmeCommands returns the command lines for workstations in deploy/README.md, without their
// comments.
func readmeCommands(t *testing.T) (lines []string) {
	t.Helper()
	body, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(body), "\n## Workstations\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if command, isCode := strings.CutPrefix(line, "    "); isCode {
			command, _, _ = strings.Cut(command, " #")
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}

// untilBusy waits until both workers have a task. The longest tasks are the first.
func (s *sweepRun) untilBusy() {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout); ; time.Sleep(20 * time.Millisecond) {
		p := s.run("coordinator status --coordinator runs/serve/operator.json --json 2>/dev/null")
		<-p.ended // with 2 if the sweep is not there yet
		var status struct{ Tasks struct{ Running int } }
		if err := json.Unmarshal([]byte(p.said()), &status); err == nil && status.Tasks.Running == 2 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the workers have no tasks: %s", p.said())
		}
	}
}
