package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/needs"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// otherConfigurations is the grid of another sweep than fourConfigurations.
var otherConfigurations = strings.Replace(fourConfigurations, `"four"`, `"other"`, 1)

// snapshot maps each path below a folder, except the lock, to a link's target, a file's
// digest, or "a directory".
func snapshot(t testing.TB, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch {
		case name == ".lock":
		case entry.Type()&fs.ModeSymlink != 0:
			found[name], err = os.Readlink(path)
		case entry.IsDir():
			found[name] = "a directory"
		default:
			var body []byte
			body, err = os.ReadFile(path)
			found[name] = sweep.Digest(body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// states maps each state of a file of an output folder to a function that puts a path into
// that state. Links refer to target, or to nothing.
var states = map[string]func(t *testing.T, path, target string){
	"missing": func(*testing.T, string, string) {},
	"link": func(t *testing.T, path, target string) {
		if err := os.Symlink(target, path); err != nil {
			t.Skipf("skipped: needs symbolic links: %v", err)
		}
	},
	"dangling link": func(t *testing.T, path, target string) {
		if err := os.Symlink(filepath.Join(filepath.Dir(target), "nothing"), path); err != nil {
			t.Skipf("skipped: needs symbolic links: %v", err)
		}
	},
	"directory": func(t *testing.T, path, _ string) {
		if err := os.MkdirAll(filepath.Join(path, "mine"), 0o755); err != nil {
			t.Fatal(err)
		}
	},
	"foreign": func(t *testing.T, path, _ string) {
		if err := os.WriteFile(path, []byte("this is mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	},
}

// TestFolderStates runs commands on output folders in which one file is missing, foreign, a
// link or a directory. No command may write through a link, change a file that is not the
// sweep's, or replace the sweep by another. A refusal must be one sentence.
func TestFolderStates(t *testing.T) {
	t.Parallel()
	needs.NoRaceDetector(t, "minutes, with one goroutine at a time")
	finished := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, finished)
	open := func(grid string, isDefault, run bool) func(context.Context, app.Config) error {
		return func(ctx context.Context, c app.Config) error {
			c.Grid, c.IsDefault = []byte(grid), isDefault
			a, err := app.Open(ctx, c)
			if err != nil {
				return err
			}
			if run {
				_, err = a.Run(ctx)
			}
			return errors.Join(err, a.Close())
		}
	}
	commands := map[string]func(context.Context, app.Config) error{
		"another grid": open(otherConfigurations, false, false),
		"no grid":      open(otherConfigurations, true, false),
		"run":          open(fourConfigurations, false, true),
		"status": func(ctx context.Context, c app.Config) error {
			_, err := app.Place{Out: c.Out}.Status(ctx, "")
			return err
		},
		"cancel": func(ctx context.Context, c app.Config) error {
			_, _, err := app.Place{Out: c.Out}.Cancel(ctx, queue.Selection{})
			return err
		},
		"serve": func(ctx context.Context, c app.Config) error {
			s, err := host.OpenServer(ctx, host.ServerConfig{Options: c.Options, KernelClass: kernel.Class, Out: c.Out})
			if err != nil {
				return err
			}
			return s.Close()
		},
	}
	views := []string{"results.csv", "attempts.csv", "completeness.json", "figures", "models", "figures/S1.svg"}
	own := []string{"sweep.db", "sweep.db-wal", "sweep.db.owner", "sweep.id", "sweep.hcl", "run.json", "worker.json", "operator.json", ".lock"}
	turn := 0
	for _, name := range slices.Concat(views, own) {
		for _, state := range slices.Sorted(maps.Keys(states)) {
			plant := states[state]
			// Every case tries another grid, and one of the other commands: run for the views,
			// which it writes.
			others := []string{"no grid", "status", "cancel", "serve"}
			tried := []string{"another grid", others[turn%len(others)]}
			if turn++; slices.Contains(views, name) {
				tried[1] = "run"
			}
			t.Run(state+" "+name, func(t *testing.T) {
				for _, command := range tried {
					do := commands[command]
					root := t.TempDir()
					c := finished
					c.Out = filepath.Join(root, "out")
					if err := os.CopyFS(c.Out, os.DirFS(finished.Out)); err != nil {
						t.Fatal(err)
					}
					outside := filepath.Join(root, "outside")
					target := filepath.Join(outside, "target")
					if err := os.Mkdir(outside, 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(target, []byte("outside\n"), 0o600); err != nil {
						t.Fatal(err)
					}
					planted := filepath.Join(c.Out, name)
					if err := os.RemoveAll(planted); err != nil {
						t.Fatal(err)
					}
					plant(t, planted, target)
					before, unchanged := snapshot(t, c.Out), snapshot(t, outside)

					err := do(t.Context(), c)
					if err != nil && (strings.Contains(err.Error(), "\n") && !isInput(err, "the grid cannot be run") || !isInput(err, "")) {
						t.Errorf("%s: error is %v, want one sentence about the input", command, err)
					}
					if diff := cmp.Diff(unchanged, snapshot(t, outside)); diff != "" {
						t.Errorf("%s wrote through a link:\n%s", command, diff)
					}
					after := snapshot(t, c.Out)
					if command == "another grid" {
						if err == nil {
							t.Error("another grid is not refused")
						}
						delete(before, "sweep.db-wal") // SQLite may delete or recreate an empty one
						delete(after, "sweep.db-wal")
						if diff := cmp.Diff(before, after); diff != "" {
							t.Errorf("another grid was refused after it had changed the folder:\n%s", diff)
						}
						continue
					}
					if state != "foreign" && state != "missing" && before[name] != after[name] {
						t.Errorf("%s: %s was %s and is %s", command, name, before[name], after[name])
					}
					for _, result := range []string{"results.csv", "summary.csv", "sweep.hcl"} {
						if result != name && before[result] != after[result] {
							t.Errorf("%s changed %s", command, result)
						}
					}
				}
			})
		}
	}
}

// TestACopyOfALiveFolder checks that commands on the copy of a folder do not reach the
// original's coordinator.
func TestACopyOfALiveFolder(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{act: func(sweep.Configuration) *spiqsweepv1.Report { return nil }})
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() {
		_, err := a.Run(ctx)
		ran <- err
	}()
	defer func() {
		stop()
		if err := <-ran; !errors.Is(err, context.Canceled) {
			t.Errorf("the original ended with %v", err)
		}
	}()
	copied := filepath.Join(t.TempDir(), "copy")
	// os.CopyFS might meet drafts of tables that are just being written.
	if err := os.Mkdir(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sweep.id", "sweep.hcl", "run.json", "operator.json", "worker.json"} {
		body, err := os.ReadFile(filepath.Join(c.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	place := app.Place{Out: copied}
	_, _, ofCancel := place.Cancel(t.Context(), queue.Selection{})
	_, ofDelete := place.Delete(t.Context(), "")
	_, ofStatus := place.Status(t.Context(), "")
	for command, err := range map[string]error{"cancel": ofCancel, "delete": ofDelete, "status": ofStatus} {
		if !isInput(err, fmt.Sprintf("output folder %s is a copy of %s", copied, c.Out)) {
			t.Errorf("%s on the copy: %v", command, err)
		}
	}
	status, err := app.Place{Out: c.Out}.Status(t.Context(), "")
	if err != nil || !status.Running || status.Tasks.Failed != 0 {
		t.Errorf("the original: %v, %v, %v", status, status.Running, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(c.Out, link); err != nil {
		t.Fatal(err)
	}
	if status, err := (app.Place{Out: link}).Status(t.Context(), ""); err != nil || !status.Running {
		t.Errorf("through a link to the original: %v, %v", status.Running, err)
	}
}

// TestAResumedSweepReadsItsOwnInput checks that a sweep that is resumed in another working
// directory reads the same input.
func TestAResumedSweepReadsItsOwnInput(t *testing.T) {
	t.Parallel()
	grid := "variable \"t\" {\n  default = \"1\"\n}\nsweep \"resumed\" {\n  grid {\n    timesteps = [1, 2]\n  }\n}\n"
	c := config(t, grid, &fakeWorkers{})
	c.Variables = map[string]string{"t": "a\n# --var t=b\nsweep {"}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	resumed, err := app.Input{IsDefault: true}.Resume(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(resumed.Grid, []byte(grid)) || !cmp.Equal(resumed.Variables, c.Variables) {
		t.Errorf("resumed %q with %q", resumed.Grid, resumed.Variables)
	}
	if err := os.Remove(filepath.Join(c.Out, "run.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := (app.Input{IsDefault: true}).Resume(c.Out); !isInput(err, "run.json is missing") {
		t.Errorf("without run.json: %v", err)
	}
}

// TestDraftsOfEveryFileAreRemoved leaves the draft of every file that a run writes by a
// rename, as killed writers do.
func TestDraftsOfEveryFileAreRemoved(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, c)
	written := regexp.MustCompile(`^(\.lock|sweep\.db.*)$`) // written in place, without a draft
	var drafts []string
	err := filepath.WalkDir(c.Out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || written.MatchString(entry.Name()) {
			return err
		}
		draft := filepath.Join(filepath.Dir(path), "."+entry.Name()+".1234567890")
		drafts = append(drafts, draft)
		return os.WriteFile(draft, nil, 0o600)
	})
	if err != nil || len(drafts) < 10 {
		t.Fatalf("%d drafts, %v", len(drafts), err)
	}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, draft := range drafts {
		if _, err := os.Lstat(draft); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", draft, err)
		}
	}
}
