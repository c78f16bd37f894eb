//go:build unix

package slurm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fake puts a program of Slurm into PATH, which writes its arguments into the file it is
// called as with the ending .log.
func fake(t *testing.T, name, script string) (log string) {
	t.Helper()
	folder := t.TempDir()
	text := "#!/bin/sh\necho \"$@\" >> \"$0.log\"\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return filepath.Join(folder, name+".log")
}

func calls(t *testing.T, log string) string {
	t.Helper()
	body, err := os.ReadFile(log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(body)
}

func TestMaxArraySize(t *testing.T) {
	fake(t, "scontrol", `echo "Configuration data as of today"; echo "MaxArraySize            = 75001"; echo "MaxDBDMsgs = 20012"`)
	if size, err := MaxArraySize(t.Context()); err != nil || size != 75001 {
		t.Errorf("%d, %v", size, err)
	}
	fake(t, "scontrol", `echo "slurm_load_ctl_conf error: Unable to contact slurm controller" >&2; exit 1`)
	if _, err := MaxArraySize(t.Context()); err == nil || !strings.Contains(err.Error(), "Unable to contact slurm controller") {
		t.Errorf("error %v", err)
	}
	fake(t, "scontrol", "")
	if _, err := MaxArraySize(t.Context()); err == nil || !strings.Contains(err.Error(), "shows no MaxArraySize") {
		t.Errorf("error %v", err)
	}
}

func TestSubmit(t *testing.T) {
	for output, want := range map[string]string{
		"echo 17":               "17",
		"echo '17;west'":        "17;west",
		"echo welcome; echo 18": "18",
		"echo Submitted batch":  "!must be the ID of a job",
		"true":                  "!must be the ID of a job",
		"echo 'sbatch: error: invalid partition' >&2; exit 1": "!invalid partition",
	} {
		log := fake(t, "sbatch", output)
		id, err := Submit(t.Context(), "/a b/workers.sh", "--array=1-4")
		if text, fails := strings.CutPrefix(want, "!"); fails {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: error %v, want %q", output, err, text)
			}
		} else if id != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", output, id, err, want)
		}
		if got := calls(t, log); got != "--parsable --array=1-4 /a b/workers.sh\n" {
			t.Errorf("sbatch was called with %q", got)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Submit(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "sbatch is not in PATH") {
		t.Errorf("without sbatch: %v", err)
	}
}

// TestNoAnswer checks that a program of Slurm that hangs is ended, with its children.
func TestNoAnswer(t *testing.T) {
	fake(t, "scancel", "sleep 60")
	began := time.Now()
	_, err := runProgram(t.Context(), 100*time.Millisecond, "scancel", "1")
	if err == nil || !strings.Contains(err.Error(), "scancel: ended after 100ms: it does not answer") || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runProgram(ctx, time.Minute, "scancel", "1"); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("interrupted: %v", err)
	}
}

func TestCancelPending(t *testing.T) {
	out := t.TempDir()
	log := fake(t, "scancel", "")
	if ids, err := CancelPending(t.Context(), out); ids != nil || err != nil || calls(t, log) != "" {
		t.Errorf("without jobs: %v, %v, %q", ids, err, calls(t, log))
	}
	for _, id := range []string{"12", "13;west", "14"} {
		if err := Record(out, id); err != nil {
			t.Fatal(err)
		}
	}
	fake(t, "squeue", `case "$1" in --clusters=west) echo CLUSTER: west; echo 13;; *) printf '12\n12\n1\n'; esac`)
	ids, err := CancelPending(t.Context(), out)
	if !slices.Equal(ids, []string{"12", "13;west", "14"}) || err != nil {
		t.Errorf("%v, %v", ids, err)
	}
	lines := strings.Split(strings.TrimSpace(calls(t, log)), "\n")
	slices.Sort(lines)
	if want := []string{"--clusters=west --state=PENDING 13", "--state=PENDING 12"}; !slices.Equal(lines, want) { // 14 is over
		t.Errorf("scancel was called with %q, want %q", lines, want)
	}
	want := []string{"scancel --state=PENDING 12 14", "scancel --clusters=west --state=PENDING 13"}
	if lines := CancelCommands(ids...); !slices.Equal(lines, want) {
		t.Errorf("the commands are %q, want %q", lines, want)
	}
	if left, err := readJobs(jobsPath(out)); left != nil || err != nil {
		t.Errorf("recorded after that: %v, %v", left, err)
	}
}

// TestCancelPendingFails checks that the record stays, for the next run.
func TestCancelPendingFails(t *testing.T) {
	out := t.TempDir()
	if err := Record(out, "12"); err != nil {
		t.Fatal(err)
	}
	for _, failing := range []string{"squeue", "scancel"} {
		fake(t, "squeue", "echo 12")
		fake(t, failing, "echo no controller >&2; exit 1")
		if ids, err := CancelPending(t.Context(), out); !slices.Equal(ids, []string{"12"}) || err == nil || !strings.Contains(err.Error(), failing+": exit status 1: no controller") {
			t.Errorf("%s: %v, %v", failing, ids, err)
		}
	}
	if left, err := readJobs(jobsPath(out)); !slices.Equal(left, []string{"12"}) || err != nil {
		t.Errorf("recorded after that: %v, %v", left, err)
	}
}

// TestStartedInBetween checks that a job which starts before scancel is called is no error.
func TestStartedInBetween(t *testing.T) {
	out := t.TempDir()
	if err := Record(out, "12"); err != nil {
		t.Fatal(err)
	}
	fake(t, "squeue", `[ -e "$0.called" ] || echo 12; touch "$0.called"`)
	fake(t, "scancel", "exit 1")
	if ids, err := CancelPending(t.Context(), out); !slices.Equal(ids, []string{"12"}) || err != nil {
		t.Errorf("%v, %v", ids, err)
	}
}

// TestRecordWhileCancelling records a job while others are cancelled: before the cancelling ends,
// it is in either file, and afterwards it is cancelled or recorded.
func TestRecordWhileCancelling(t *testing.T) {
	for name, file := range map[string]string{"opened before": ".cancelled", "opened after": ""} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			if err := Record(out, "12"); err != nil {
				t.Fatal(err)
			}
			fake(t, "squeue", `printf '12\n13\n'`)
			log := fake(t, "scancel", fmt.Sprintf(`case $* in *12*) echo 13 >> '%s%s' ;; esac`, jobsPath(out), file))
			cancelled, err := CancelPending(t.Context(), out)
			if err != nil {
				t.Fatal(err)
			}
			recorded, err := readJobs(jobsPath(out))
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Concat(cancelled, recorded); !slices.Equal(got, []string{"12", "13"}) {
				t.Errorf("cancelled %v, recorded %v, want 12 and 13 in one of them", cancelled, recorded)
			}
			if called := strings.Contains(calls(t, log), "13"); called != slices.Contains(cancelled, "13") {
				t.Errorf("cancelled %v, with the calls %q", cancelled, calls(t, log))
			}
		})
	}
}

// TestCancellerWasKilled checks that the next run cancels what a killed one has not.
func TestCancellerWasKilled(t *testing.T) {
	out := t.TempDir()
	if err := Record(out, "12"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(jobsPath(out), cancelledPath(out)); err != nil {
		t.Fatal(err)
	}
	fake(t, "squeue", "")
	if ids, err := CancelPending(t.Context(), out); !slices.Equal(ids, []string{"12"}) || err != nil {
		t.Errorf("%v, %v", ids, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(jobsPath(out))); len(entries) > 0 || err != nil {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestRecordedRefusesAnythingElse(t *testing.T) {
	out := t.TempDir()
	if err := Record(out, "12"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(jobsPath(out), []byte("12\n--user=me\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := fake(t, "scancel", "")
	if _, err := CancelPending(t.Context(), out); err == nil || !strings.Contains(err.Error(), `jobs:2: "--user=me" is no ID of a job: remove the line`) {
		t.Errorf("error %v", err)
	}
	if got := calls(t, log); got != "" {
		t.Errorf("scancel was called with %q", got)
	}
}

func TestWriteRefusesALink(t *testing.T) {
	out := t.TempDir()
	if err := os.Symlink(t.TempDir(), filepath.Join(out, "slurm")); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(out, "slurm", "workers.sh"), "#!/bin/sh\n"); err == nil || !strings.Contains(err.Error(), "not a link") {
		t.Errorf("error %v", err)
	}
	if err := Record(out, "1"); err == nil {
		t.Error("a job was recorded through a link")
	}
}
