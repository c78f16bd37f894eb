package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // which tamper opens
)

// TestMain is also the program that the scripts run, and its local workers.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"coordinator": main, "tamper": tamper})
}

// tamper FILE alters a result in a store behind the program's back.
func tamper() {
	db, err := sql.Open("sqlite", os.Args[1])
	if err == nil {
		_, err = db.ExecContext(context.Background(), `UPDATE results SET body = CAST(replace(CAST(body AS TEXT), '"k_probability":', '"k_probability":1') AS BLOB)
			WHERE task = (SELECT min(task) FROM results)`)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestScripts runs testdata/script/*.txtar. Its own command:
//
//	exit CODE COMMAND…   runs a program and wants the exit code
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exit": wantExit},
		Setup: func(env *testscript.Env) error {
			env.Setenv("SPIQSWEEP_KERNEL", "portable")
			return nil
		},
	})
}

func wantExit(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND…")
	}
	want, err := strconv.Atoi(arguments[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(arguments[1], arguments[2:]...); err != nil {
		ended := (*exec.ExitError)(nil)
		if !errors.As(err, &ended) {
			ts.Fatalf("run: %v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
