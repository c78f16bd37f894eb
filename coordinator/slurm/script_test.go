//go:build unix

package slurm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spiqsweep/deploy/golden"
)

var worker = Worker{
	Program: "/opt/spiqsweep/bin/worker", Credentials: "/home/me/runs/my sweep/worker.json",
	IdleTimeout: 5 * time.Minute, ConnectTimeout: 10 * time.Minute,
}

func TestScripts(t *testing.T) {
	options := []string{"--time=12:00:00", "-p", "short", "--comment=it's # 1"}
	for name, text := range map[string]string{
		"workers.sh": Workers{Worker: worker, Name: "my sweep", Out: "/home/me/runs/my sweep", Options: options}.Text(),
		"one-job.sh": OneJob{
			Worker: worker, Workers: 16, Name: "my sweep", Out: "/home/me/runs/100 %", Directory: "/home/me",
			Coordinator: []string{"/opt/spiqsweep/bin/coordinator", "--grid", "my sweep.hcl"}, Options: options,
		}.Text(),
	} {
		golden.Compare(t, filepath.Join("testdata", name), text)
		if sh, err := exec.LookPath("sh"); err == nil {
			check := exec.Command(sh, "-n")
			check.Stdin = strings.NewReader(text)
			if output, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s is no script of sh: %v: %s", name, err, output)
			}
		}
	}
}

// TestOneJobEndsWithTheCoordinator runs the script without Slurm: fakes of coordinator,
// worker and srun log what they do. A pause of the script takes no time.
func TestOneJobEndsWithTheCoordinator(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("skipped: needs sh")
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	const untilReady = "until [ -e ready ]; do sleep 0.1; done; "
	const leaves = "trap 'echo worker leaves >> log; exit 0' USR1; touch ready; sleep 10 & wait $!"
	for name, test := range map[string]struct {
		coordinator string // what it does once it has written worker.json
		worker      string
		signal      bool
		code        int
		want        string // in log
		message     string
	}{
		"done":              {coordinator: untilReady + "exit 0", worker: leaves, want: "worker leaves\n"},
		"some tasks failed": {coordinator: untilReady + "exit 3", worker: leaves, code: 3, want: "worker leaves\n"},
		"refused":           {coordinator: "exit 2", worker: "echo worker started >> log", code: 2},
		"walltime": {
			coordinator: "trap 'echo coordinator ends >> log; exit 130' TERM; sleep 10 & wait $!", // as Go's runtime: it reacts at once
			worker:      "trap 'echo worker hands back >> log; exit 75' USR1; touch ready; sleep 10 & wait $!",
			signal:      true, code: 130, want: "worker hands back\ncoordinator ends\n",
		},
		"all workers have ended": {
			coordinator: "trap 'echo coordinator ends >> log; exit 130' TERM; while :; do sleep 10 & wait $!; done",
			worker:      "echo worker leaves >> log; exit 69",
			code:        130, want: "worker leaves\ncoordinator ends\n", message: "all workers have ended, and the sweep has not: this job ends\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			write := func(name, text string) string {
				path := filepath.Join(folder, name)
				if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
				return path
			}
			out := filepath.Join(folder, "it's out")
			if err := os.Mkdir(out, 0o755); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(out, "worker.json")
			start := "printf x > '" + strings.ReplaceAll(file, "'", `'\''`) + "'\n"
			if name == "refused" {
				start = ""
			}
			write("sleep", `[ "$1" = 1 ] || exec `+sleep+` "$@"`)
			write("srun", `while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"`)
			script := write("script", OneJob{
				Worker:  Worker{Program: write("worker", test.worker), Credentials: file},
				Workers: 2, Coordinator: []string{write("coordinator", start+test.coordinator)}, Name: "x", Out: out, Directory: folder,
			}.Text())
			command := exec.Command(sh, script)
			command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "SLURM_NTASKS=2")
			messages, err := os.Create(filepath.Join(folder, "messages"))
			if err != nil {
				t.Fatal(err)
			}
			defer messages.Close()
			command.Stderr = messages
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			if test.signal {
				for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
					if _, err := os.Stat(filepath.Join(folder, "ready")); err == nil {
						break
					}
					if time.Now().After(deadline) {
						t.Fatal("the worker does not start")
					}
				}
				if err := command.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			_ = command.Wait()
			if got := command.ProcessState.ExitCode(); got != test.code {
				t.Errorf("exit code %d, want %d", got, test.code)
			}
			log, _ := os.ReadFile(filepath.Join(folder, "log"))
			if string(log) != test.want {
				t.Errorf("in this order happened %q, want %q", log, test.want)
			}
			if got, _ := os.ReadFile(messages.Name()); string(got) != test.message {
				t.Errorf("the script printed %q, want %q", got, test.message)
			}
		})
	}
}
