//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spiqsweep/deploy/needs"
)

// TestContainers runs a sweep in containers whose root is read-only and whose user is not
// root. A worker that is asked to end hands its task back, and the next one goes on.
func TestContainers(t *testing.T) {
	t.Parallel()
	engine := newEngine(t)
	r := newRun(t, small)
	home := filepath.Dir(r.folder)
	for _, path := range []string{home, r.grid} {
		if err := os.Chown(path, imageUser, imageUser); err != nil {
			t.Fatal(err)
		}
	}
	r.listen = needs.Address(t)

	c := engine.run(home, "coordinator", r.arguments("--listen", r.listen)...)
	r.until(c, "the coordinator answers", answers)
	worker := []string{"--coordinator", filepath.Join(r.folder, "worker.json"), "--slots", "1", "--log-level", "debug"}
	first := engine.run(home, "worker", worker...)
	first.waitForWork(2)
	engine.ctr("task", "kill", "--signal", "SIGTERM", first.name)
	first.expect(75)
	last := engine.run(home, "worker", worker...)
	c.expect(0)
	last.expect(0)
	r.checkComplete()
	r.wantOutcome("handed_back")
	r.wantResumed()
	info, err := os.Stat(filepath.Join(r.folder, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != imageUser {
		t.Errorf("the coordinator ran as user %d, want %d", owner, imageUser)
	}
}

// engine is a containerd with the image of the programs.
type engine struct {
	*testing.T
	socket     string
	containers int
}

const (
	image     = "localhost/spiqsweep:test"
	imageUser = 65532
)

func newEngine(t *testing.T) *engine {
	t.Helper()
	containerd := needs.Program(t, "containerd", "containerd")
	needs.Program(t, "runc", "runc")
	if os.Geteuid() != 0 {
		t.Skip("skipped: containerd needs root")
	}
	folder, err := os.MkdirTemp("", "") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	e := &engine{T: t, socket: filepath.Join(folder, "socket")}
	config := filepath.Join(folder, "config.toml")
	text := fmt.Sprintf("version = 2\nroot = %q\nstate = %q\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = %q\n[ttrpc]\naddress = %q\n",
		filepath.Join(folder, "root"), filepath.Join(folder, "state"), e.socket, filepath.Join(folder, "ttrpc"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := start(t, "", containerd, "--config", config)
	daemon.until("containerd answers", func() bool { return exec.Command("ctr", "--address", e.socket, "version").Run() == nil })
	e.ctr("images", "import", "--snapshotter", snapshotter, archive(t, folder))
	return e
}

// snapshotter is the one that works on every file system, below another overlay too.
const snapshotter = "native"

// archive writes the image twice, and checks that both have the same bytes.
func archive(t *testing.T, folder string) string {
	t.Helper()
	var archives [2][]byte
	file := filepath.Join(folder, "image.tar")
	for i := range archives {
		write := exec.Command("go", "run", "spiqsweep/deploy/image", "--bin", programs, "--tag", image, "--to", file)
		if said, err := write.CombinedOutput(); err != nil {
			t.Fatalf("write the image: %v\n%s", err, said)
		}
		var err error
		if archives[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the same programs give two images")
	}
	return file
}

// ctr runs a command of containerd.
func (e *engine) ctr(arguments ...string) {
	e.Helper()
	if said, err := exec.Command("ctr", append([]string{"--address", e.socket}, arguments...)...).CombinedOutput(); err != nil {
		e.Fatalf("ctr %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
}

// run starts a program in a container that sees one folder of this machine, at the same path.
func (e *engine) run(folder, program string, arguments ...string) *process {
	e.Helper()
	e.containers++
	name := fmt.Sprint(program, e.containers)
	all := []string{
		"--address", e.socket, "run", "--rm", "--net-host", "--read-only", "--snapshotter", snapshotter,
		"--mount", "type=bind,src=" + folder + ",dst=" + folder + ",options=rbind:rw", image, name, program,
	}
	ctr, err := exec.LookPath("ctr")
	if err != nil {
		e.Fatal(err)
	}
	p := start(e.T, "", ctr, append(all, arguments...)...)
	p.name = name
	return p
}
