//go:build linux

package hosts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spiqsweep/deploy/needs"
)

// fakeWorker is a program that stands for a worker: it hands back on TERM. It writes its
// arguments and its credentials into its log.
const fakeWorker = `#!/bin/sh
trap 'echo handed back; exit 75' TERM
echo "$@"
cat "$2"
while :; do sleep 0.05; done
`

const secret = "a-secret-token"

// fixture is a user's machine whose ssh reaches hosts of any name: each is a session of a
// real sshd on this machine with a separate home folder.
type fixture struct {
	*testing.T
	folder string
}

func newFixture(t *testing.T) *fixture {
	sshd := "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		sshd = needs.Program(t, "sshd", "openssh-server")
	}
	ssh, keygen := needs.Program(t, "ssh", "openssh-client"), needs.Program(t, "ssh-keygen", "openssh-client")
	f := &fixture{t, t.TempDir()}
	if os.Geteuid() == 0 {
		_ = os.MkdirAll("/run/sshd", 0o755) // where sshd gives up its rights
	}
	for _, key := range []string{"host", "user"} {
		if said, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", f.path(key)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	f.write("sshd_config", fmt.Sprintf("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\n", f.path("host"), f.path("user.pub")), 0o600)
	f.write("config", fmt.Sprintf("Host *\nProxyCommand %s -i -f %s -o SetEnv=HOME=%s/%%n\nIdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile /dev/null\nStrictHostKeyChecking no\nLogLevel ERROR\n",
		sshd, f.path("sshd_config"), f.path("home"), f.path("user")), 0o600)
	f.write("bin/ssh", fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s\nexec %s -F %s \"$@\"\n", f.path("commands"), ssh, f.path("config")), 0o700)
	t.Setenv("PATH", f.path("bin")+":"+os.Getenv("PATH"))
	return f
}

func (f *fixture) path(name string) string { return filepath.Join(f.folder, name) }

func (f *fixture) write(name, body string, mode fs.FileMode) {
	f.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o700); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(body), mode); err != nil {
		f.Fatal(err)
	}
}

// host returns a host with an empty home. The end of the test kills its worker.
func (f *fixture) host(name string) Host {
	f.Helper()
	if err := os.MkdirAll(f.path("home/"+name), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if pid, err := strconv.Atoi(strings.TrimSpace(f.read(name, "worker.pid"))); err == nil && f.runs(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			for range 500 { // until the shell that waits for it has written its last file
				if f.read(name, "worker.exit") != "" {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			f.Errorf("the worker of %s was killed, and its exit code is not there", name)
		}
	})
	return Host{Name: name, Slots: 2, Nice: 5}
}

// file returns the path of a file in the folder of a host.
func (f *fixture) file(host, name string) string {
	node, err := os.Hostname()
	if err != nil {
		f.Fatal(err)
	}
	return filepath.Join(f.path("home/"+host), DefaultFolder, node, name)
}

// read returns a file in the folder of a host; "" without one.
func (f *fixture) read(host, name string) string {
	body, _ := os.ReadFile(f.file(host, name))
	return string(body)
}

// runs reports whether a process is a worker of the test.
func (f *fixture) runs(pid int) bool {
	body, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.Contains(string(body), f.folder)
}

// plan returns a plan for a worker program with this text, for this machine.
func (f *fixture) plan(program string, flags ...string) Plan {
	f.Helper()
	f.write("worker", program, 0o600) // the copy needs another mode
	uname, err := exec.Command("uname", "-sm").Output()
	if err != nil {
		f.Fatal(err)
	}
	b := Binary{Path: f.path("worker"), Size: int64(len(program))}
	b.System, b.Machine, _ = strings.Cut(strings.TrimSpace(string(uname)), " ")
	digest := sha256.Sum256([]byte(program))
	b.Digest = hex.EncodeToString(digest[:])
	return Plan{Binary: b, Credentials: []byte(secret + "\n"), Flags: flags}
}

// want checks an answer.
func (f *fixture) want(state string, a Answer, err error) Answer {
	f.Helper()
	if err != nil || a.State != state {
		f.Fatalf("%+v, %v, want %s", a, err, state)
	}
	return a
}

func TestALife(t *testing.T) {
	f := newFixture(t)
	h := f.host("node17")
	ctx := t.Context()
	start := func(p Plan) (Answer, error) { return Start(ctx, h, p) }

	a, err := Status(ctx, h)
	f.want(Absent, a, err)
	a, err = Stop(ctx, h)
	f.want(Absent, a, err)

	plan := f.plan(fakeWorker, "--note", "it's $HOME")
	a, err = start(plan)
	first := f.want(Started, a, err).Process
	for name, want := range map[string]fs.FileMode{
		"": fs.ModeDir | 0o700, "worker.json": 0o600, "worker.key": 0o600, "worker.log": 0o600, "worker-" + plan.Binary.Digest[:12]: 0o700,
	} {
		if info, err := os.Stat(f.file(h.Name, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, mode %v, want %v", name, err, info.Mode(), want)
		}
	}
	a, err = Logs(ctx, h, 2)
	wantLog := "--coordinator " + f.file(h.Name, "worker.json") + " --slots 2 --note it's $HOME\n" + secret + "\n"
	if f.want(Running, a, err).Log != wantLog {
		t.Errorf("the log is %q, want %q", a.Log, wantLog)
	}

	a, err = start(plan)
	if f.want(Running, a, err).Process != first {
		t.Errorf("the second start has process %d instead of %d", a.Process, first)
	}
	newer := f.plan(fakeWorker + "# a newer version\n")
	a, err = start(newer)
	if second := f.want(Replaced, a, err).Process; second == first || f.runs(first) || !f.runs(second) {
		t.Errorf("process %d was replaced by %d", first, second)
	}
	if f.read(h.Name, "worker-"+plan.Binary.Digest[:12]) != "" {
		t.Error("the program of the replaced worker is still there")
	}
	if log := f.read(h.Name, "worker.log.old"); !strings.HasSuffix(log, "handed back\n") {
		t.Errorf("the replaced worker did not hand back: %q", log)
	}
	newer.Credentials = []byte("other credentials\n")
	a, err = start(newer)
	f.want(Replaced, a, err)

	a, err = Stop(ctx, h)
	if f.want(Stopped, a, err).Exit != "75" {
		t.Errorf("exit code %s, want 75", a.Exit)
	}
	a, err = Status(ctx, h)
	if f.want(Ended, a, err).Exit != "75" {
		t.Errorf("exit code %s, want 75", a.Exit)
	}
	a, err = start(newer)
	f.want(Started, a, err)

	if commands, err := os.ReadFile(f.path("commands")); err != nil || strings.Contains(string(commands), secret) || !strings.Contains(string(commands), "BatchMode=yes") {
		t.Errorf("command lines of ssh: %v\n%s", err, commands)
	}
	if entries, err := filepath.Glob(f.file(h.Name, "*.new")); err != nil || len(entries) > 0 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
}

// TestStartsConcurrently checks that two starts at the same time leave one worker.
func TestStartsConcurrently(t *testing.T) {
	f := newFixture(t)
	h, plan := f.host("a"), f.plan(fakeWorker)
	started := 0
	Each(t.Context(), []Host{h, h, h}, time.Minute, func(ctx context.Context, h Host) (Answer, error) { return Start(ctx, h, plan) },
		func(_ Host, a Answer, err error) {
			switch {
			case err == nil && a.State == Started:
				started++
			case err == nil && a.State == Running, err != nil && strings.Contains(err.Error(), "is starting or stopping a worker in"):
			default:
				t.Errorf("%+v, %v", a, err)
			}
		})
	if started != 1 {
		t.Errorf("%d workers were started", started)
	}
}

func TestFaultsOfHosts(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	for _, c := range []struct {
		name    string
		prepare func(h Host, p *Plan)
		state   string // "": an error
		says    string // of the error, or the log of the answer
	}{
		{"the worker refuses its flags", func(_ Host, p *Plan) { *p = f.plan("#!/bin/sh\necho unknown flag --x\nexit 2\n") }, Ended, "unknown flag --x\n"},
		{"another architecture", func(_ Host, p *Plan) { p.Binary.Machine = "vax" }, "", "it is Linux "},
		{"the program shrinks while it is copied", func(_ Host, p *Plan) { p.Binary.Size++ }, "", "the copy of the program ended early"},
		{"a file has the name of the folder", func(h Host, _ *Plan) { f.write("home/"+h.Name+"/"+DefaultFolder, "", 0o600) }, "", "cannot be made"},
		{"a shell that was killed has left its lock", func(h Host, _ *Plan) {
			must(t, os.MkdirAll(f.file(h.Name, ""), 0o700))
			must(t, os.Symlink("99999999", f.file(h.Name, "lock")))
		}, Started, ""},
		{"another program has the process ID", func(h Host, _ *Plan) {
			must(t, os.MkdirAll(f.file(h.Name, ""), 0o700))
			must(t, os.WriteFile(f.file(h.Name, "worker.pid"), []byte(strconv.Itoa(os.Getpid())), 0o600))
		}, Started, ""},
		{"the process ID is damaged", func(h Host, _ *Plan) {
			must(t, os.MkdirAll(f.file(h.Name, ""), 0o700))
			must(t, os.WriteFile(f.file(h.Name, "worker.pid"), []byte("-1"), 0o600))
		}, Started, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, p := f.host(strings.ReplaceAll(c.name, " ", "-")), f.plan(fakeWorker)
			c.prepare(h, &p)
			a, err := Start(ctx, h, p)
			if c.state == "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%+v, %v, want the error %q", a, err, c.says)
				}
				if programs, _ := filepath.Glob(f.file(h.Name, "worker-*")); len(programs) > 0 {
					t.Errorf("a program is there: %v", programs)
				}
				return
			}
			if err != nil || a.State != c.state || a.Log != c.says {
				t.Fatalf("%+v, %v, want %s and %q", a, err, c.state, c.says)
			}
			if a.State == Started {
				a, err = Stop(ctx, h)
				f.want(Stopped, a, err)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLogsWithoutAFolder checks that a file of the user's home is not printed as the worker's log.
func TestLogsWithoutAFolder(t *testing.T) {
	f := newFixture(t)
	h := f.host("bare")
	f.write("home/bare/worker.log", "of another program\n", 0o600)
	a, err := Logs(t.Context(), h, 5)
	f.want(Absent, a, err)
	if a.Log != "" {
		t.Errorf("the log is %q", a.Log)
	}
}

// TestFaultsOfSSH replaces ssh by programs that fail as it does.
func TestFaultsOfSSH(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	for _, c := range []struct{ name, ssh, want string }{
		{"a password is wanted", "echo 'me@a: Permission denied (publickey).\r' >&2; exit 255", "me@a: Permission denied (publickey).: `ssh a true` must work without a question"},
		{"the host is silent", "exec sleep 60", "no answer within 200ms: try `ssh a true`, or give a longer --timeout"},
		{"the login shell starts a menu", "echo '1) mail'", `printed "1) mail\n", and no answer`},
		{"the login shell prints a line", "echo Welcome; shift 6; cd " + folder + "; HOME=$PWD exec sh -c \"$2\"", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, os.WriteFile(filepath.Join(folder, "ssh"), []byte("#!/bin/sh\n"+c.ssh+"\n"), 0o700))
			timeout := time.Minute
			if strings.Contains(c.ssh, "sleep") {
				timeout = 200 * time.Millisecond
			}
			Each(t.Context(), []Host{{Name: "a"}}, timeout, Status, func(_ Host, a Answer, err error) {
				isRight := err == nil && a.State == Absent
				if c.want != "" {
					isRight = err != nil && strings.Contains(err.Error(), c.want)
				}
				if !isRight {
					t.Errorf("%+v, %v, want %q", a, err, c.want)
				}
			})
		})
	}
}
