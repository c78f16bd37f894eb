package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/folder"
)

func TestParseUntil(t *testing.T) {
	zone := time.FixedZone("CEST", 2*60*60)
	now := time.Date(2026, 3, 31, 17, 45, 30, 0, zone)
	for _, test := range []struct {
		text string
		want time.Time // zero: refused
	}{
		{"6h", now.Add(6 * time.Hour)},
		{"90m", now.Add(90 * time.Minute)},
		{"18:30", time.Date(2026, 3, 31, 18, 30, 0, 0, zone)},
		{"17:45:31", now.Add(time.Second)},
		{"17:45:30", now.Add(24 * time.Hour)},
		{"08:00", time.Date(2026, 4, 1, 8, 0, 0, 0, zone)},
		{"2026-03-31T16:00:00Z", time.Date(2026, 3, 31, 18, 0, 0, 0, zone)},
		{"2026-03-31T15:45:30Z", time.Time{}},
		{"2026-03-31T18:00:00", time.Time{}},
		{"0s", time.Time{}},
		{"-6h", time.Time{}},
		{"24:00", time.Time{}},
		{"6", time.Time{}},
		{"tomorrow", time.Time{}},
	} {
		got, err := parseUntil(test.text, now)
		if !got.Equal(test.want) || (err == nil) == test.want.IsZero() {
			t.Errorf("%s: %v, %v: want %v", test.text, got, err, test.want)
		}
	}
}

func TestSummaryStates(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{context.Background(), nil, "done 0"},
		{context.Background(), &endError{exitIncomplete}, "incomplete 3"},
		{context.Background(), &endError{exitFault}, "incomplete 1"},
		{context.Background(), &endError{exitTimeUp}, "time_up 75"},
		{ended, &endError{exitInterrupted}, "interrupted 130"},
		{ended, errors.New("call cut off"), "interrupted 130"},
		{context.Background(), folder.BadInput("no such grid"), "refused 2"},
		{context.Background(), errors.New("disk full"), "failed 1"},
	} {
		var s summary
		s.conclude(test.ctx, test.err, time.Now())
		if got := fmt.Sprintf("%s %d", s.State, s.ExitCode); got != test.want {
			t.Errorf("%v: %s, want %s", test.err, got, test.want)
		}
	}
}

func TestOnEnd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: the commands are those of a POSIX shell")
	}
	file := filepath.Join(t.TempDir(), "end.json")
	var out strings.Builder
	want := summary{State: "done", Note: "a \"note\"", Seconds: 1.5}
	if err := runOnEnd("cat > '"+file+"'; echo said", want, &out, time.Minute); err != nil || out.String() != "said\n" {
		t.Errorf("%v, said %q", err, out.String())
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got summary
	if err := json.Unmarshal(body, &got); err != nil || got != want {
		t.Errorf("it read %s: %v", body, err)
	}
	if err := runOnEnd("exit 7", want, &out, time.Minute); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("a command that fails: %v", err)
	}
	if err := runOnEnd("true", want, &out, time.Minute); err != nil {
		t.Errorf("a command that does not read its input: %v", err)
	}
	began := time.Now()
	err = runOnEnd("sleep 100 & wait", want, &out, 100*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "killed after 100ms") || time.Since(began) > 50*time.Second {
		t.Errorf("a command that hangs: %v after %v", err, time.Since(began))
	}
}
