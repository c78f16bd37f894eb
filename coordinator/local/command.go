package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"spiqsweep/proto/credentials"
)

// StopLine is what a worker reads on standard input when it is to leave.
const StopLine = "stop"

// exitDrained is the exit code of a worker that was drained (DESIGN.md, section
// 5.5): EX_TEMPFAIL.
const exitDrained = 75

// outputGrace is how long output is still read after a worker's end.
const outputGrace = time.Second

// Command says how a local worker is started as a child process.
type Command struct {
	Path        string   // the program
	Arguments   []string // without the program's name
	Environment []string // NAME=VALUE, added to the parent's, less what opens its store
	Output      io.Writer
}

// Launch returns the Launch that starts the command and hands the credentials
// to its standard input, where no list of processes shows them.
func (c Command) Launch(file credentials.File) Launch {
	return func() (Process, error) {
		line, err := json.Marshal(file)
		if err != nil {
			return nil, fmt.Errorf("start local worker: encode credentials: %w", err)
		}
		cmd := exec.Command(c.Path, c.Arguments...)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), secret), c.Environment...)
		cmd.Stdout, cmd.Stderr = c.Output, c.Output
		cmd.SysProcAttr = ownProcessGroup()
		cmd.WaitDelay = outputGrace
		input, err := cmd.StdinPipe()
		if err != nil {
			return nil, fmt.Errorf("start local worker: %w", err)
		}
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("start local worker: %w", err)
		}
		if _, err := fmt.Fprintf(input, "%s\n", line); err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return nil, fmt.Errorf("start local worker: send credentials: %w", err)
		}
		return &child{cmd: cmd, input: input}, nil
	}
}

// secret says of a variable, NAME=VALUE, that it opens the store, which is none of
// a worker's business.
func secret(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{"PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE", "PGSSLKEY"}, strings.ToUpper(name))
}

// child is a worker in a process of its own.
type child struct {
	cmd   *exec.Cmd
	input io.WriteCloser // its end is the child's end
	asked atomic.Bool    // by Stop
}

func (c *child) Stop() error {
	c.asked.Store(true)
	_, err := fmt.Fprintln(c.input, StopLine)
	return err
}

func (c *child) Kill() error { return c.cmd.Process.Kill() }

func (c *child) Wait() error {
	err := c.cmd.Wait()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) && ended.ExitCode() == exitDrained && !c.asked.Load() {
		return ErrSentAway
	}
	return err
}
