package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spiqsweep/sweep"
)

// TestStepTimes plans again and again, each time with the file alone, while other work slows the
// machine down at times.
func TestStepTimes(t *testing.T) {
	const unmeasured = 0 // measuring is an error
	file := filepath.Join(t.TempDir(), "spiqsweep", "steps.json")
	here := machine{Processor: "amd64 A", Kernel: "avx2", Software: "v1"}
	another := here
	another.Software = "v2"
	otherNeurons := func(c *sweep.Configuration) { c.Neurons++ }
	longer := func(c *sweep.Configuration) { c.Training.Steps++; c.Seed++ }
	synctest.Test(t, func(t *testing.T) {
		for _, plan := range []struct {
			name        string
			after       time.Duration
			on          machine
			change      func(*sweep.Configuration)
			takes, want float64 // seconds a step: now, and as planned
		}{
			{"the first one", 0, here, nil, 3, 3},
			{"soon", 9 * time.Minute, here, nil, unmeasured, 3},
			{"more steps", 0, here, longer, unmeasured, 3},
			{"on a busy machine", 2 * time.Minute, here, nil, 5, 3},
			{"on a quiet machine", 0, here, nil, 2, 2},
			{"soon after", time.Minute, here, nil, unmeasured, 2},
			{"another configuration", 0, here, otherNeurons, 7, 7},
			{"a day later", 24 * time.Hour, here, nil, 4, 4},
			{"another build", 0, another, nil, 6, 6},
			{"the same build", 0, another, nil, unmeasured, 6},
		} {
			time.Sleep(plan.after)
			c := sweep.Default()
			if plan.change != nil {
				plan.change(&c)
			}
			s := readStepTimes(file, plan.on)
			got, err := s.seconds(c, func() (float64, error) {
				if plan.takes == unmeasured {
					t.Errorf("%s: the step is measured", plan.name)
				}
				return plan.takes, nil
			})
			if err != nil || got != plan.want {
				t.Errorf("%s: %v s, %v, want %v s", plan.name, got, err, plan.want)
			}
			if err := s.write(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestStepTimesInTime checks that nothing is measured after previewTime, and that older durations
// count then.
func TestStepTimesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := readStepTimes("", machine{})
		old, unknown := sweep.Default(), sweep.Default()
		unknown.Neurons++
		s.Steps[stepKey(old)] = stepTime{3, time.Now().Add(-time.Hour)}
		time.Sleep(previewTime + 1)
		measure := func() (float64, error) { t.Error("a step is measured"); return 1, nil }
		if got, err := s.seconds(old, measure); got != 3 || err != nil {
			t.Errorf("%v s, %v, want 3 s", got, err)
		}
		if got, err := s.seconds(unknown, measure); !errors.Is(err, errNoTime) {
			t.Errorf("unknown: %v s, %v, want %v", got, err, errNoTime)
		}
	})
}

// TestStepTimesAreBounded checks that a large grid leaves a small file, which is read again.
func TestStepTimesAreBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "steps.json")
	s := readStepTimes(file, machine{})
	s.until = time.Now().Add(time.Hour)
	for n := range 2 * maxStepTimes {
		c := sweep.Default()
		c.K = float64(n)
		if got, err := s.seconds(c, func() (float64, error) { return 1. / 3, nil }); err != nil || got != 1./3 {
			t.Fatal(got, err)
		}
	}
	if err := s.write(); err != nil {
		t.Fatal(err)
	}
	if again := readStepTimes(file, machine{}); len(again.Steps) != maxStepTimes {
		t.Errorf("%d of %d durations are read again", len(again.Steps), maxStepTimes)
	}
}

// TestStepTimesOfBadFiles checks that steps are measured if the file cannot be used.
func TestStepTimesOfBadFiles(t *testing.T) {
	of, c := machine{Processor: "A"}, sweep.Default()
	text := func(seconds string, at time.Time) string {
		return fmt.Sprintf(`{"machine": {"processor": "A", "kernel": "", "software": ""}, "steps": {%q: {"seconds": %s, "measured": %q}}}`,
			stepKey(c), seconds, at.Format(time.RFC3339))
	}
	folder := t.TempDir()
	for name, body := range map[string]string{
		"empty":             "",
		"cut off":           text("1", time.Now())[:60],
		"null":              "null",
		"no steps":          `{"machine": {"processor": "A"}}`,
		"of another kind":   `{"steps": [1]}`,
		"negative":          text("-1", time.Now()),
		"infinite":          text("1e999", time.Now()),
		"from the future":   text("1", time.Now().Add(time.Hour)),
		"much too long ago": text("1", time.Time{}),
		"too large":         text("1", time.Now()) + strings.Repeat(" ", maxStepTimesFile),
	} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		s := readStepTimes(file, of)
		if got, err := s.seconds(c, func() (float64, error) { return 2, nil }); got != 2 || err != nil {
			t.Errorf("%s: %v s, %v, want 2 s", name, got, err)
		}
		if err := s.write(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again := readStepTimes(file, of); again.Steps[stepKey(c)].Seconds != 2 {
			t.Errorf("%s: is not replaced", name)
		}
	}
	s := readStepTimes(filepath.Join(folder, "empty", "in a file", "steps.json"), of)
	if got, err := s.seconds(c, func() (float64, error) { return 2, nil }); got != 2 || err != nil {
		t.Errorf("no folder: %v s, %v, want 2 s", got, err)
	}
	if s.write() == nil {
		t.Error("a file is written into a file")
	}
}

func TestProcessorName(t *testing.T) {
	for list, want := range map[string]string{
		"processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9B45\nmodel name\t: B\n": "AMD EPYC 9B45",
		"processor\t: 0\nCPU part\t: 0xd40\n":                                           "",
		"":                                                                              "",
	} {
		if got := processorName(strings.NewReader(list)); got != want {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
}
