package main

import (
	"bytes"
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
			for _, name := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "SLURM_JOB_ID", "SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SPIQSWEEP_KERNEL"} {
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
