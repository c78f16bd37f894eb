package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSlurmTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0:01":            time.Second,
		"2:03":            2*time.Minute + 3*time.Second,
		"59:59":           time.Hour - time.Second,
		"1:00:00":         time.Hour,
		"23:59:59":        24*time.Hour - time.Second,
		"1-00:00:00":      24 * time.Hour,
		"2-03:04:05":      51*time.Hour + 4*time.Minute + 5*time.Second,
		"365-00:00:00":    365 * 24 * time.Hour,
		"UNLIMITED":       0,
		"0:00":            -1,
		"INVALID":         -1,
		"NOT_SET":         -1,
		"":                -1,
		"5":               -1,
		"1-2":             -1,
		"-1:00":           -1,
		"1:2:3:4":         -1,
		"1:00\n2:00":      -1,
		"9999999999:00":   -1,
		"999999-00:00:00": -1,
	} {
		got, err := parseSlurmTime(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
}

// FuzzSlurmTime checks that a time that is accepted is above 0 and not longer than Go's, and
// that Slurm's form of it is read as the same time.
func FuzzSlurmTime(f *testing.F) {
	for _, seed := range []string{"UNLIMITED", "INVALID", "NOT_SET", "1-02:03:04", "2:03:04", "3:04", "106751-23:47:16", "0-0:0:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseSlurmTime(text)
		switch {
		case err != nil:
			return
		case text == "UNLIMITED":
			if got != 0 {
				t.Fatalf("unlimited is %v", got)
			}
			return
		case got <= 0:
			t.Fatalf("%q is %v", text, got)
		}
		seconds := int64(got / time.Second)
		form := fmt.Sprintf("%d-%02d:%02d:%02d", seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)
		if again, err := parseSlurmTime(form); err != nil || again != got {
			t.Fatalf("%q is %v, and %q is %v, %v", text, got, form, again, err)
		}
	})
}

func TestSlurmLifetime(t *testing.T) {
	for _, test := range []struct {
		variable   string
		left, want time.Duration // want: -1: an error
	}{
		{"", time.Hour, time.Hour},
		{"3m", time.Hour, 57 * time.Minute},
		{"3m0s", 6 * time.Minute, 3 * time.Minute},
		{"3m0s", 5 * time.Minute, 150 * time.Second},
		{"3m0s", time.Minute, 30 * time.Second},
		{"0s", time.Minute, time.Minute},
		{"3m0s", 0, 0}, // no limit
		{"180", time.Hour, -1},
		{"-3m", time.Hour, -1},
	} {
		before, err := endBefore(func(name string) string {
			if name != endBeforeVariable {
				t.Errorf("%s is read", name)
			}
			return test.variable
		})
		if (err != nil) != (test.want < 0) {
			t.Errorf("%q: error %v", test.variable, err)
		}
		if got := slurmLifetime(test.left, before); err == nil && got != test.want {
			t.Errorf("%q with %v left: a lifetime of %v, want %v", test.variable, test.left, got, test.want)
		}
	}
}

func TestEngineJob(t *testing.T) {
	for want, environment := range map[string]string{
		"":                      "SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2",
		"Slurm job 12":          "SLURM_JOB_ID=12",
		"Slurm job 11_3":        "SLURM_JOB_ID=12 SLURM_ARRAY_JOB_ID=11 SLURM_ARRAY_TASK_ID=3",
		"Nomad allocation 5456": "NOMAD_ALLOC_ID=5456",
	} {
		got := engineJob(func(name string) string {
			for _, pair := range strings.Fields(environment) {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return ""
		})
		if got != want {
			t.Errorf("%s: label %q, want %q", environment, got, want)
		}
	}
}
