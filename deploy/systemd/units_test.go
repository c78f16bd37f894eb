package systemd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"spiqsweep/deploy/needs"
	"spiqsweep/proto/protocol"
)

const (
	coordinatorUnit = "spiqsweep-coordinator.service"
	workerUnit      = "spiqsweep-worker@.service"
)

// TestUnitsVerify has systemd read the units, with a program where they expect ours.
func TestUnitsVerify(t *testing.T) {
	analyze := needs.Program(t, "systemd-analyze", "systemd")
	folder := t.TempDir()
	for _, name := range []string{"coordinator", "worker"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(change func(unit string) string) (string, error) {
		var files []string
		for _, name := range []string{coordinatorUnit, workerUnit} {
			unit := change(strings.ReplaceAll(read(t, name), "/usr/local/bin", folder))
			file := filepath.Join(folder, name)
			if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		command := exec.Command(analyze, append([]string{"verify", "--recursive-errors=no"}, files...)...)
		said, err := command.CombinedOutput()
		return string(said), err
	}
	if said, err := verify(func(unit string) string { return unit }); err != nil || strings.TrimSpace(said) != "" {
		t.Errorf("%v\n%s", err, said)
	}
	// Without this, the test could not fail.
	misspelt := func(unit string) string { return strings.Replace(unit, "PrivateTmp=", "PrivateTemp=", 1) }
	if said, _ := verify(misspelt); strings.Count(said, "'PrivateTemp'") != 2 {
		t.Errorf("systemd-analyze finds no misspelt key: %s", said)
	}
}

// TestUnitsFitExitCodes compares the restart rules with the exit codes of the programs.
func TestUnitsFitExitCodes(t *testing.T) {
	for name, want := range map[string][]int{coordinatorUnit: nil, workerUnit: {protocol.ExitWorkLeft}} {
		settings := parse(t, name)
		var clean []int
		for text := range strings.FieldsSeq(strings.Join(settings["SuccessExitStatus"], " ")) {
			var code int
			if _, err := fmt.Sscan(text, &code); err != nil {
				t.Errorf("%s: SuccessExitStatus %q: %v", name, text, err)
			}
			clean = append(clean, code)
		}
		if !slices.Equal(clean, want) {
			t.Errorf("%s: exit codes of success: %v, want %v besides 0", name, clean, want)
		}
		if got := settings["Restart"]; !slices.Equal(got, []string{"on-failure"}) {
			t.Errorf("%s: Restart is %q, want on-failure: %d and %d begin again", name, got, protocol.ExitUnreachable, protocol.ExitFault)
		}
		// A store that does not answer yet, and a panic, also end a program with this code.
		if got := settings["RestartPreventExitStatus"]; got != nil {
			t.Errorf("%s: RestartPreventExitStatus is %q: after %d it must start again", name, got, protocol.ExitUsage)
		}
		for _, hardened := range []string{"NoNewPrivileges", "DynamicUser", "ProtectHome", "PrivateDevices", "MemoryDenyWriteExecute", "RestrictSUIDSGID"} {
			if !slices.Equal(settings[hardened], []string{"yes"}) {
				t.Errorf("%s: %s is %q", name, hardened, settings[hardened])
			}
		}
		if got := settings["ProtectSystem"]; !slices.Equal(got, []string{"strict"}) {
			t.Errorf("%s: ProtectSystem is %q", name, got)
		}
	}
}

// TestCoordinatorWaitsForItsStore checks that the attempts to start last until PostgreSQL has
// come up, and that they have an end.
func TestCoordinatorWaitsForItsStore(t *testing.T) {
	settings := parse(t, coordinatorUnit)
	pause, err := time.ParseDuration(settings["RestartSec"][0])
	if err != nil {
		t.Fatal(err)
	}
	attempts, err := strconv.Atoi(settings["StartLimitBurst"][0])
	if err != nil {
		t.Fatal(err)
	}
	interval, err := time.ParseDuration(strings.TrimSuffix(settings["StartLimitIntervalSec"][0], "in")) // min is m in Go
	if err != nil {
		t.Fatal(err)
	}
	if lasts := time.Duration(attempts) * pause; lasts < 5*time.Minute || lasts >= interval {
		t.Errorf("the attempts last %v, want at least 5m0s and less than the %v in which they are counted", lasts, interval)
	}
}

// parse returns the settings of a unit, in whatever section.
func parse(t *testing.T, name string) map[string][]string {
	t.Helper()
	settings := map[string][]string{}
	for line := range strings.Lines(read(t, name)) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(key, "#") {
			settings[key] = append(settings[key], value)
		}
	}
	return settings
}

func read(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
