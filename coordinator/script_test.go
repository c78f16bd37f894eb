package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // which tamper opens

	"spiqsweep/deploy/needs"
	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
)

// TestMain is also the program that the scripts run, and its local workers.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"coordinator": main, "measured": measured, "tamper": tamper})
}

// tamper FILE alters a result in a store behind the program's back.
func tamper() {
	db, err := sql.Open("sqlite", os.Args[1])
	var task int64
	var body []byte
	if err == nil {
		err = db.QueryRow(`SELECT task, body FROM records JOIN results USING (task) ORDER BY id LIMIT 1`).Scan(&task, &body)
	}
	if err == nil {
		body, err = protocol.Unpack(body, protocol.MaxUnpackedBytes)
	}
	if err == nil {
		_, err = db.Exec(`UPDATE results SET body = ? WHERE task = ?`, bytes.ReplaceAll(body, []byte(`"k_probability":`), []byte(`"k_probability":1`)), task)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestScripts runs testdata/script/*.txtar. Its own commands:
//
//	exit CODE COMMAND…        runs a program and wants the exit code
//	interrupt FILE COMMAND…   sends SIGINT to a program that waits for a coordinator
//	                          which never answers, and whose operator.json is FILE;
//	                          the exit code must be 130
//	browse PATH COMMAND…      runs a program, reads a path of its page into page.html, and
//	                          interrupts it
//	npy FILE SHAPE DIGITS     writes a .npy file of bytes, in C order
func TestScripts(t *testing.T) {
	caches := t.TempDir()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exit": wantExit, "interrupt": interrupt, "browse": browse, "npy": writeNPY},
		Setup: func(env *testscript.Env) error {
			env.Setenv("SPIQSWEEP_KERNEL", "portable")
			env.Setenv("XDG_CACHE_HOME", caches) // of `plan`
			recordings, err := filepath.Abs("../simulator/recording/testdata")
			env.Setenv("RECORDINGS", recordings)
			return err
		},
		Condition: func(condition string) (bool, error) {
			if condition != "race" {
				return false, fmt.Errorf("there is no condition %q", condition)
			}
			return needs.RaceDetector(), nil
		},
	})
}

func writeNPY(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) != 3 {
		ts.Fatalf("usage: npy FILE SHAPE DIGITS")
	}
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }", arguments[1])
	body := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	body = append(body, header...)
	for _, digit := range []byte(arguments[2]) {
		body = append(body, digit-'0')
	}
	ts.Check(os.WriteFile(ts.MkAbs(arguments[0]), body, 0o600))
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

// pageLine matches the line that names the page.
var pageLine = regexp.MustCompile(`(?m)^page: (http\S+)$`)

func browse(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) < 2 {
		ts.Fatalf("usage: browse PATH COMMAND…")
	}
	path, err := exec.LookPath(arguments[1])
	ts.Check(err)
	command := exec.Command(path, arguments[2:]...)
	command.Dir = ts.Getenv("WORK")
	output, err := command.StderrPipe()
	ts.Check(err)
	ts.Check(command.Start())
	defer func() {
		_ = command.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, output)
		if err := command.Wait(); err != nil && command.ProcessState.ExitCode() != exitInterrupted {
			ts.Fatalf("%s: %v", arguments[1:], err)
		}
	}()
	lines := bufio.NewScanner(output)
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		url := pageLine.FindStringSubmatch(said)
		if url == nil {
			continue
		}
		answer, err := http.Get(strings.TrimSuffix(url[1], "/") + arguments[0])
		ts.Check(err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		ts.Check(err)
		if answer.StatusCode != http.StatusOK {
			ts.Fatalf("%s: %s: %s", arguments[0], answer.Status, body)
		}
		ts.Check(os.WriteFile(ts.MkAbs("page.html"), body, 0o600))
		return
	}
	_ = command.Process.Kill()
	ts.Fatalf("%s names no page: %s", arguments[1:], said)
}

func interrupt(ts *testscript.TestScript, _ bool, arguments []string) {
	if len(arguments) < 2 {
		ts.Fatalf("usage: interrupt FILE COMMAND…")
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer silent.Close()
	file := credentials.File{Role: credentials.Operator, Token: credentials.NewToken(), Addresses: []string{silent.Addr().String()}}
	ts.Check(file.Save(ts.MkAbs(arguments[0])))
	path, err := exec.LookPath(arguments[1])
	ts.Check(err)
	command := exec.Command(path, arguments[2:]...)
	command.Dir = ts.Getenv("WORK")
	output := &strings.Builder{}
	command.Stdout, command.Stderr = output, output
	ts.Check(command.Start())
	go func() {
		if connection, err := silent.Accept(); err == nil {
			defer connection.Close()
			_ = command.Process.Signal(os.Interrupt)
			_, _ = io.Copy(io.Discard, connection) // until the program ends
		}
	}()
	_ = command.Wait()
	if got := command.ProcessState.ExitCode(); got != exitInterrupted {
		ts.Fatalf("%s: exit code %d, want %d: %s", arguments[1:], got, exitInterrupted, output)
	}
	if got := output.String(); !strings.Contains(got, "interrupted") || strings.Contains(got, "context canceled") {
		ts.Fatalf("%s: it says %s", arguments[1:], got)
	}
}
