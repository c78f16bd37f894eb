package main

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"spiqsweep/deploy/needs"
	"spiqsweep/proto/credentials"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"worker": main})
}

// TestScripts runs testdata/script/*.txtar. Its own commands:
//
//	exit CODE COMMAND…   runs a program and wants the exit code
//	signalled CODE LINE COMMAND…   runs a program, sends it SIGTERM at the first
//	                               line that contains LINE, and wants the exit code
//	credentials FILE ROLE ADDRESS…   writes a credentials file
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": wantExit, "signalled": signalled, "credentials": writeCredentials,
		},
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "SLURM_JOB_ID", "SPIQSWEEP_KERNEL"} {
				env.Setenv(name, "")
			}
			return nil
		},
	})
}

func writeCredentials(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) < 3 {
		ts.Fatalf("usage: credentials FILE ROLE ADDRESS…")
	}
	file := credentials.File{Role: arguments[1], Addresses: arguments[2:], Token: credentials.NewToken()}
	ts.Check(file.Save(ts.MkAbs(arguments[0])))
}

func TestSelftestAgainstTheReference(t *testing.T) {
	path := needs.Shared(t, "reference", "circuit.json")
	var out, talk bytes.Buffer
	if code := run([]string{"selftest", "--reference", path}, &out, &talk); code != 0 {
		t.Errorf("exit code %d\n%s%s", code, out.String(), talk.String())
	}
}

func TestDefaultSlots(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 1))
	tests := map[string]struct {
		environment map[string]string
		want        int
	}{
		"a task of Slurm":    {map[string]string{"SLURM_CPUS_PER_TASK": "3", "SLURM_CPUS_ON_NODE": "8"}, 3},
		"a node of Slurm":    {map[string]string{"SLURM_CPUS_ON_NODE": "8"}, 8},
		"a machine":          {nil, runtime.NumCPU()},
		"no number of cores": {map[string]string{"SLURM_CPUS_ON_NODE": "0"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := defaultSlots(func(name string) string { return test.environment[name] })
			if got != test.want || (err != nil) != (test.want == 0) {
				t.Errorf("slots %d, error %v, want %d", got, err, test.want)
			}
		})
	}
}
