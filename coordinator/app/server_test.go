package app_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// serving starts a server with two fake workers.
func serving(t testing.TB, p *fakeWorkers) (out string) {
	t.Helper()
	p.stay = true
	c := host.ServerConfig{Options: config(t, fourConfigurations, p).Options, KernelClass: kernel.Class, Out: filepath.Join(t.TempDir(), "serve")}
	serve(t, c)
	return c.Out
}

// serve runs a coordinator until the test ends.
func serve(t testing.TB, c host.ServerConfig) *host.Server {
	t.Helper()
	s, err := host.OpenServer(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		for range 2 { // Close may be called twice
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// operator reads the operator credentials of a coordinator.
func operator(t testing.TB, out string) credentials.File {
	t.Helper()
	file, err := credentials.Load(filepath.Join(out, "operator.json"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// submitted returns the configuration of a run by the server in a folder.
func submitted(t testing.TB, grid, at string) app.Config {
	t.Helper()
	c := config(t, grid, &fakeWorkers{})
	c.Coordinator = operator(t, at)
	c.Local, c.Launch = 0, nil
	return c
}

func TestASubmittedSweepIsWrittenAsALocalOne(t *testing.T) {
	t.Parallel()
	here := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, here)
	at := serving(t, &fakeWorkers{})
	there := submitted(t, fourConfigurations, at)
	_, last := runToEnd(t, there)
	if want := (queue.Counts{Planned: 4, Done: 4}); last.Counts != want {
		t.Errorf("counts are %+v, want %+v", last.Counts, want)
	}
	for _, name := range []string{"results.csv", "summary.csv", "comparison.csv", "axes.csv", "claims.csv", "claims.md", "sweep.hcl", "figures/S1.csv", "figures/S1.svg"} {
		want, got := content(t, here.Out, name), content(t, there.Out, name)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-local +submitted):\n%s", name, diff)
		}
	}
	for _, task := range columns(t, there.Out, "results.csv", "task") {
		if diff := cmp.Diff(content(t, here.Out, "models/"+task+".json"), content(t, there.Out, "models/"+task+".json")); diff != "" {
			t.Errorf("model %s differs:\n%s", task, diff)
		}
	}
	if got := columns(t, there.Out, "attempts.csv", "outcome", "label"); len(got) != 4 || got[0] != "accepted n=1 t=1 k=0 replicate 0" {
		t.Errorf("attempts.csv: %q", got)
	}
	info, err := os.Stat(filepath.Join(there.Out, "coordinator.json"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the folder's credentials: %v, %v", info, err)
	}
}

// TestASubmittedSweepNamesItsRecording checks the data in a table of the coordinator's page, of a
// grid that names no recording.
func TestASubmittedSweepNamesItsRecording(t *testing.T) {
	t.Parallel()
	c := host.ServerConfig{Options: config(t, fourConfigurations, &fakeWorkers{stay: true}).Options, KernelClass: kernel.Class, Out: filepath.Join(t.TempDir(), "serve")}
	c.HTTP = "127.0.0.1:0"
	server := serve(t, c)
	for _, recording := range []string{"", "spikes.npy", "renamed\n.npy"} {
		there := submitted(t, fourConfigurations, c.Out)
		want := "surrogate"
		if recording != "" {
			want = strings.ReplaceAll(recording, "\n", `\n`)
			there.Recording = filepath.Join(t.TempDir(), recording)
			writeRecording(t, there.Recording, 0)
		}
		a, err := app.Open(t.Context(), there)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.Get(server.PageURL() + "sweeps/" + a.ID() + "/files/results.csv")
		if err != nil {
			t.Fatal(err)
		}
		table, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close(), a.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(table), ",spiqgan,1,1,0,0,"+want+",") {
			t.Errorf("%q: %.500s", recording, table)
		}
	}
}

func content(t testing.TB, folder, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestASubmittedSweepContinuesWithoutItsFollower(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	release := sync.OnceFunc(func() { close(stuck) })
	defer release() // otherwise the workers never end
	at := serving(t, &fakeWorkers{act: func(c sweep.Configuration) *spiqsweepv1.Report {
		<-stuck
		return &spiqsweepv1.Report{Outcome: finished(c)}
	}})
	c := submitted(t, fourConfigurations, at)
	ctx, interrupt := context.WithCancel(t.Context())
	c.Follow = func(now app.Progress) {
		if now.Counts.Leased > 0 {
			interrupt()
		}
	}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Remote(); len(got) == 0 {
		t.Error("the sweep has no remote coordinator")
	}
	last, err := a.Run(ctx)
	if !errors.Is(err, context.Canceled) || last.Counts.Leased == 0 {
		t.Errorf("ended with %+v, %v, want some tasks leased, and Canceled", last.Counts, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	release()

	c.Follow, c.Coordinator = nil, credentials.File{} // the folder keeps the coordinator's address
	resumed, last := runToEnd(t, c)
	if last.Counts.Done != 4 || !resumed.Resumed {
		t.Errorf("resumed is %v, counts are %+v", resumed.Resumed, last.Counts)
	}
	answer, err := app.Place{Out: c.Out}.Status(t.Context(), "")
	if err != nil || !answer.Running || answer.Tasks.Done != 4 {
		t.Errorf("status from the folder: %v, %v, %v", answer, answer.Running, err)
	}
	c.Listen = "127.0.0.1:0"
	if _, err := app.Open(t.Context(), c); !isInput(err, "is run by the coordinator at") {
		t.Errorf("serve a submitted sweep: %v", err)
	}
}

func isInput(err error, says string) bool {
	var input *folder.InputError
	return errors.As(err, &input) && strings.Contains(err.Error(), says)
}

func TestSweepsShareFinishedTasks(t *testing.T) {
	t.Parallel()
	at := serving(t, &fakeWorkers{})
	first := submitted(t, fourConfigurations, at)
	runToEnd(t, first)
	second := submitted(t, strings.Replace(fourConfigurations, `"four"`, `"more"`, 1), at)
	second.Grid = []byte(strings.Replace(string(second.Grid), "neurons   = [1, 2]", "neurons   = [1, 2, 3]", 1))
	a, last := runToEnd(t, second)
	if a.Revision.AlreadyDone != 4 || last.Counts.Done != 6 {
		t.Errorf("%d tasks were done before, %d are now; want 4 and 6", a.Revision.AlreadyDone, last.Counts.Done)
	}
	place := app.Place{Out: at}
	sweeps, err := place.List(t.Context())
	if err != nil || len(sweeps) != 2 {
		t.Fatalf("sweeps: %v, %v", sweeps, err)
	}
	if _, err := place.Status(t.Context(), ""); !isInput(err, "name one") {
		t.Errorf("the status of one of two: %v", err)
	}
	if answer, err := place.Status(t.Context(), "more"); err != nil || answer.Tasks.Done != 6 {
		t.Errorf("status by name: %v, %v", answer, err)
	}
	if _, err := place.Delete(t.Context(), ""); !isInput(err, "name the sweep") {
		t.Errorf("delete one of two: %v", err)
	}
	if deleted, err := (app.Place{Coordinator: operator(t, at)}).Delete(t.Context(), "four"); err != nil || deleted.Name != "four" {
		t.Errorf("delete: %+v, %v", deleted, err)
	}
	if _, err := (app.Place{Out: first.Out}).Status(t.Context(), ""); !isInput(err, "its sweep was deleted") {
		t.Errorf("the status of a deleted sweep: %v", err)
	}
	if sweeps, err := place.List(t.Context()); err != nil || len(sweeps) != 1 || sweeps[0].Name != "more" {
		t.Errorf("sweeps: %v, %v", sweeps, err)
	}
}

// TestTheOnlyCoordinatorOfAStoreListsNoOther serves a folder in which another coordinator has
// ended. SQLite admits one coordinator at a time, so the old address is not listed.
func TestTheOnlyCoordinatorOfAStoreListsNoOther(t *testing.T) {
	t.Parallel()
	run := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, run) // leaves the address of a coordinator that has ended
	c := host.ServerConfig{Options: config(t, fourConfigurations, &fakeWorkers{}).Options, KernelClass: kernel.Class, Out: run.Out}
	c.Local, c.Listen = 0, "127.0.0.1:0"
	s := serve(t, c)
	for _, file := range []credentials.File{load(t, run, "worker.json"), load(t, run, "operator.json")} {
		if diff := cmp.Diff([]string{s.Address()}, file.Addresses); diff != "" {
			t.Errorf("addresses of %s (-want +got):\n%s", file.Role, diff)
		}
	}
}

func TestASweepThatCannotBeSubmitted(t *testing.T) {
	t.Parallel()
	at := serving(t, &fakeWorkers{})
	for name, test := range map[string]struct {
		change func(*app.Config)
		says   string
	}{
		"another class":    {func(c *app.Config) { c.Kernel.Class = "simd/test" }, "--kernel fake/test"},
		"no coordinator":   {func(c *app.Config) { c.Coordinator.Addresses = []string{"127.0.0.1:1"} }, "no coordinator answers at 127.0.0.1:1, named in "},
		"another token":    {func(c *app.Config) { c.Coordinator.Token = credentials.NewToken() }, "does not accept"},
		"a worker's role":  {func(c *app.Config) { c.Coordinator.Role = credentials.Worker }, "role"},
		"a listen address": {func(c *app.Config) { c.Listen = "127.0.0.1:0" }, "is run by the coordinator"},
	} {
		c := submitted(t, fourConfigurations, at)
		test.change(&c)
		_, err := app.Open(t.Context(), c)
		if !isInput(err, test.says) {
			t.Errorf("%s: %v, want an InputError that says %q", name, err, test.says)
		}
		if _, err := os.Stat(c.Out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: an output folder was created (%v)", name, err)
		}
	}
}

func TestAServerRefusesAFolderOfOtherFiles(t *testing.T) {
	t.Parallel()
	c := host.ServerConfig{Options: config(t, fourConfigurations, &fakeWorkers{}).Options, KernelClass: kernel.Class, Out: t.TempDir()}
	if err := os.WriteFile(filepath.Join(c.Out, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := host.OpenServer(t.Context(), c); !isInput(err, "thesis.txt") {
		t.Errorf("error is %v", err)
	}
}
