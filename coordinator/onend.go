package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
)

// summary describes the end of a run for the command of --on-end.
type summary struct {
	Format string `json:"format"`
	// State is done, incomplete (tasks failed or diverged, or a file was not written),
	// time_up (--until), interrupted, refused (bad input) or failed.
	State    string         `json:"state"`
	ExitCode int            `json:"exit_code"`
	Error    string         `json:"error,omitempty"`
	Sweep    string         `json:"sweep,omitempty"` // its ID; it, the name and the folder are missing if the sweep was not opened
	Name     string         `json:"name,omitempty"`
	Folder   string         `json:"folder,omitempty"` // absolute
	Note     string         `json:"note"`
	Tasks    app.TaskCounts `json:"tasks"`
	Started  time.Time      `json:"started_at"`
	Seconds  float64        `json:"seconds"`

	out string // the folder as the user named it
}

// summaryFormat is the name and version of the summary's format.
const summaryFormat = "spiqsweep-end/1"

// open adds what is known of a sweep that was opened.
func (s *summary) open(a *app.App) {
	s.Sweep, s.Name, s.Folder, s.out, s.Note = a.ID(), a.Prepared().Grid.Name, a.Folder(), a.Folder(), a.Note
	if path, err := filepath.Abs(s.Folder); err == nil {
		s.Folder = path
	}
}

// conclude adds how the run ended, which err says.
func (s *summary) conclude(ctx context.Context, err error, now time.Time) {
	s.Format, s.Seconds = summaryFormat, now.Sub(s.Started).Seconds()
	ended := (*endError)(nil)
	switch {
	case err == nil:
		s.State, s.ExitCode = "done", exitDone
	case errors.As(err, &ended) && ended.code == exitTimeUp:
		s.State, s.ExitCode = "time_up", ended.code
	case errors.As(err, &ended) && ended.code != exitInterrupted:
		s.State, s.ExitCode = "incomplete", ended.code
	case ctx.Err() != nil:
		s.State, s.ExitCode = "interrupted", exitInterrupted
	case errors.As(err, new(*folder.InputError)):
		s.State, s.ExitCode, s.Error = "refused", exitUsage, err.Error()
	default:
		s.State, s.ExitCode, s.Error = "failed", exitFault, err.Error()
	}
}

// Bounds of the command of --on-end, and of its output after its end.
const (
	onEndTimeout = 30 * time.Second
	onEndGrace   = time.Second
)

// runOnEnd runs the command with the summary on its standard input. Its output goes to out.
// It is killed after a time.
func runOnEnd(command string, s summary, out io.Writer, timeout time.Duration) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	shell := []string{"/bin/sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	c := exec.CommandContext(ctx, shell[0], shell[1], command)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(append(body, '\n')), out, out
	c.WaitDelay = onEndGrace
	err = c.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("it was killed after %v", timeout)
	}
	return err
}
