package app_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/needs"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// verifier runs all finished tasks of a sweep once more, with fake workers.
func verifier(c app.Config) app.Verifier {
	v := app.Verifier{Options: func(class string) (host.Options, error) {
		if class != kernel.Class {
			return host.Options{}, errors.New("of another class: " + class)
		}
		return c.Options, nil
	}}
	v.Share = 1
	return v
}

// configurations returns a filter for configurations with these settings.
func configurations(t *testing.T, settings map[string]string) []sweep.ConfigurationFilter {
	t.Helper()
	c, err := grid.ReadFilter(settings)
	if err != nil {
		t.Fatal(err)
	}
	return []sweep.ConfigurationFilter{c}
}

func TestVerifyASweepThatHasEnded(t *testing.T) {
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, fourConfigurations, p)
	runToEnd(t, c)
	place, v := app.Place{Out: c.Out}, verifier(c)
	v.Memory = 1e6
	if _, err := place.Verify(t.Context(), v); err == nil || !strings.Contains(err.Error(), "of memory, and this machine has 1 MB: verify other configurations") {
		t.Errorf("with too little memory: %v", err)
	}
	v.Memory = 1e9
	var last app.Progress
	v.Follow = func(p app.Progress) { last = p }
	done, err := place.Verify(t.Context(), v)
	if err != nil || done.Chosen != 4 || len(done.Findings) != 0 || done.Sweep.Name != "four" {
		t.Errorf("verification is %+v, %v", done, err)
	}
	if want := (queue.Counts{Planned: 4, Done: 4}); last.Counts != want {
		t.Errorf("progress is %+v, want %+v", last.Counts, want)
	}

	p.act = func(c sweep.Configuration) *spiqsweepv1.Report {
		if c.Timesteps == 2 && c.Neurons == 2 {
			return failing(c)
		}
		c.Replicate++ // its result differs
		return &spiqsweepv1.Report{Outcome: finished(c)}
	}
	v.Configurations = configurations(t, map[string]string{"t": "2"})
	done, err = place.Verify(t.Context(), v)
	if err != nil || done.Chosen != 2 {
		t.Fatalf("verification is %+v, %v", done, err)
	}
	var findings []string
	for _, f := range done.Findings {
		findings = append(findings, f.Label+" is "+string(f.State)+": "+f.Reason)
	}
	slices.Sort(findings)
	want := []string{
		"n=1 t=2 k=0 replicate 0 is diverged: results differ: errors.firing_rate_hz2 is 0.02 by attempt 1 on here (fake), " +
			"and 0.021 by attempt 3 on here (fake)",
		"n=2 t=2 k=0 replicate 0 is done: could not be verified: it failed 2 times in the same way: NaN",
	}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}

	// The next verification still reports the diverged task.
	p.act = nil
	if done, err := place.Verify(t.Context(), v); err != nil || done.Chosen != 1 || done.Diverged != 1 || len(done.Findings) != 0 {
		t.Errorf("verification is %+v, %v", done, err)
	}
	v.Configurations = configurations(t, map[string]string{"t": "2", "n": "1"})
	if done, err := place.Verify(t.Context(), v); err != nil || done.Chosen != 0 || done.Diverged != 1 || !done.Local {
		t.Errorf("verification is %+v, %v", done, err)
	}
	v.Configurations = configurations(t, map[string]string{"t": "1"})
	if done, err := place.Verify(t.Context(), v); err != nil || done.Chosen != 2 || done.Diverged != 0 {
		t.Errorf("verification is %+v, %v", done, err)
	}

	// The sweep's coordinator reports it, and accepts the result that two of three agree on.
	p.act = nil
	if _, last := runToEnd(t, c); last.Counts.Diverged != 1 || last.Counts.Done != 3 {
		t.Errorf("progress is %+v", last.Counts)
	}
	v.Configurations = configurations(t, map[string]string{"t": "2"})
	if n, err := place.Retry(t.Context(), queue.Selection{Configurations: v.Configurations}, true); n != 1 || err != nil {
		t.Errorf("%d tasks reopened, %v", n, err)
	}
	if _, last := runToEnd(t, c); last.Counts.Done != 4 {
		t.Errorf("progress is %+v", last.Counts)
	}
}

func TestVerifyUnfinishedTasks(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{act: failing})
	runToEnd(t, c)
	place := app.Place{Out: c.Out}
	var input *folder.InputError
	if _, err := place.Verify(t.Context(), verifier(c)); !errors.As(err, &input) || !strings.Contains(err.Error(), "no selected task is finished") {
		t.Errorf("nothing is done: %v", err)
	}
	if n, err := place.Retry(t.Context(), queue.Selection{Configurations: configurations(t, map[string]string{"n": "1"})}, false); n != 2 || err != nil {
		t.Errorf("%d tasks reopened, %v", n, err)
	}
	if _, err := place.Verify(t.Context(), verifier(c)); !errors.As(err, &input) || !strings.Contains(err.Error(), "2 tasks of the sweep are unfinished") {
		t.Errorf("two tasks are open: %v", err)
	}
}

func TestVerifyAnUnknownTask(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, c)
	v := verifier(c)
	v.Tasks = []sweep.TaskID{"nosuchtask"}
	var input *folder.InputError
	if _, err := (app.Place{Out: c.Out}).Verify(t.Context(), v); !errors.As(err, &input) || !strings.Contains(err.Error(), "nosuchtask") {
		t.Errorf("error is %v, want an InputError", err)
	}
}

// verifyInterrupted interrupts a verification of all tasks before it compares any.
func verifyInterrupted(t *testing.T, c app.Config, p *fakeWorkers) {
	t.Helper()
	p.act = func(sweep.Configuration) *spiqsweepv1.Report { return nil } // never ends
	ctx, interrupt := context.WithCancel(t.Context())
	v := verifier(c)
	v.Follow = func(p app.Progress) {
		for _, w := range p.Workers {
			if len(w.Running) > 0 {
				interrupt()
			}
		}
	}
	if _, err := (app.Place{Out: c.Out}).Verify(ctx, v); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want Canceled", err)
	}
	p.act = nil
}

// TestVerifyRepeatsAnInterruptedOne checks that a verification includes the tasks that an
// interrupted one has left, whatever it selects.
func TestVerifyRepeatsAnInterruptedOne(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	for name, settings := range map[string]map[string]string{
		"altered task not selected": {"n": "2", "t": "2"},
		"altered task selected":     {"t": "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &fakeWorkers{}
			c := config(t, fourConfigurations, p)
			runToEnd(t, c)
			verifyInterrupted(t, c, p)
			tamper(t, c.Out, func(body, measures []byte) queue.StoredResult {
				altered := bytes.Replace(body, []byte(`"k_probability":0.001`), []byte(`"k_probability":0.0001`), 1)
				return queue.StoredResult{Body: altered, Measures: measures}
			})
			place, v := app.Place{Out: c.Out}, verifier(c)
			v.Configurations = configurations(t, settings)
			done, err := place.Verify(t.Context(), v)
			if err != nil || done.Chosen != 4 || done.Diverged != 0 || len(done.Findings) != 1 {
				t.Fatalf("verification is %+v, %v", done, err)
			}
			if f := done.Findings[0]; f.Label != "n=1 t=1 k=0 replicate 0" || f.State != sweep.Diverged || !strings.Contains(f.Reason, "was altered since it was accepted") {
				t.Errorf("finding is %+v", f)
			}
			v.Configurations = nil
			if done, err := place.Verify(t.Context(), v); err != nil || done.Chosen != 3 || done.Diverged != 1 || len(done.Findings) != 0 {
				t.Errorf("verification of the others is %+v, %v", done, err)
			}
		})
	}
}

// TestVerifyIsInterrupted checks that the next coordinator ends an interrupted verification.
func TestVerifyIsInterrupted(t *testing.T) {
	t.Parallel()
	p := &fakeWorkers{}
	c := config(t, fourConfigurations, p)
	runToEnd(t, c)
	verifyInterrupted(t, c, p)
	if _, last := runToEnd(t, c); last.Counts != (queue.Counts{Planned: 4, Done: 4}) {
		t.Errorf("progress is %+v", last.Counts)
	}
	if got := columns(t, c.Out, "attempts.csv", "outcome"); !slices.Contains(got, "verified") || !slices.Contains(got, "handed_back") {
		t.Errorf("outcomes: %q", got)
	}
}

// TestCancelAndDrain cancels tasks and drains workers through a running coordinator.
func TestCancelAndDrain(t *testing.T) {
	t.Parallel()
	p := &fakeWorkers{act: func(sweep.Configuration) *spiqsweepv1.Report { return nil }}
	c := config(t, fourConfigurations, p)
	c.Local = 1
	place := app.Place{Out: c.Out}
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	working := make(chan app.Progress, 100)
	a.Follow = func(p app.Progress) {
		select {
		case working <- p:
		default:
		}
	}
	ran := make(chan error)
	go func() {
		_, err := a.Run(t.Context())
		ran <- err
	}()
	for p := <-working; p.Counts.Leased == 0; p = <-working {
	}
	if n, err := place.Drain(t.Context(), queue.DrainRequest{Hosts: []string{"here"}}); n != 1 || err != nil {
		t.Errorf("%d workers drain, %v", n, err)
	}
	for (<-working).Workforce.Leaving != 1 {
	}
	if n, shared, err := place.Cancel(t.Context(), queue.Selection{Configurations: configurations(t, map[string]string{"n": "2"})}); n != 2 || shared != 0 || err != nil {
		t.Errorf("%d tasks cancelled, %d shared, %v", n, shared, err)
	}
	if n, _, err := place.Cancel(t.Context(), queue.Selection{}); n != 2 || err != nil {
		t.Errorf("%d tasks cancelled, %v", n, err)
	}
	if err := <-ran; err != nil {
		t.Error(err)
	}
	a.Close()
	var input *folder.InputError
	if _, err := place.Drain(t.Context(), queue.DrainRequest{}); !errors.As(err, &input) {
		t.Errorf("drain without a coordinator: %v", err)
	}
	if n, err := place.Retry(t.Context(), queue.Selection{}, false); n != 4 || err != nil {
		t.Errorf("%d tasks reopened, %v", n, err)
	}
	if n, _, err := place.Cancel(t.Context(), queue.Selection{}); n != 4 || err != nil {
		t.Errorf("in the store, %d tasks cancelled, %v", n, err)
	}
}
