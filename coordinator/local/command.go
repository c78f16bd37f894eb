package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
)

// outputGrace is how long output is read after the end of a worker.
const outputGrace = time.Second

// Command starts local workers as child processes.
type Command struct {
	Path        string   // the program
	Arguments   []string // without the program's name
	Environment []string // NAME=VALUE, added to the coordinator's without the store's passwords
	Output      io.Writer
}

// Launch returns a Launch that starts the command and writes the credentials to its
// standard input, where other users cannot see them.
func (c Command) Launch(file credentials.File) Launch {
	return func() (Process, error) {
		line, err := json.Marshal(file)
		if err != nil {
			return nil, fmt.Errorf("start local worker: encode credentials: %w", err)
		}
		cmd := exec.Command(c.Path, c.Arguments...)
		cmd.Args[0] = os.Args[0] // the name in lists of processes
		cmd.Env = append(slices.DeleteFunc(os.Environ(), secret), c.Environment...)
		cmd.Stdout, cmd.Stderr = c.Output, c.Output
		cmd.SysProcAttr = ownProcessGroup()
		cmd.WaitDelay = outputGrace
		input, err := cmd.StdinPipe()
		if err != nil {
			return nil, fmt.Errorf("start local worker: %w", err)
		}
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("start local worker: %w%s", err, remedy(err))
		}
		if _, err := fmt.Fprintf(input, "%s\n", line); err != nil {
			_ = cmd.Process.Kill()
			return nil, fmt.Errorf("start local worker: send credentials: %w (%w)", err, cmd.Wait())
		}
		return &child{cmd: cmd, input: input}, nil
	}
}

// Self returns the path of the running program, since a worker must be of the same
// build. On Linux it leads to the file that was started, even if the file was removed or
// replaced since.
func Self() string {
	const link = "/proc/self/exe" // of the process that opens it: the child, which is still this program
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	running, err := os.Stat(link)
	if err != nil {
		return path // not Linux, or without /proc
	}
	if named, err := os.Stat(path); err == nil && os.SameFile(named, running) {
		return path // so that lists of processes show the program's name
	}
	return link
}

// remedy returns how to fix a failed start, or "".
func remedy(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ": the program was removed or replaced while it ran: install it again, and run the same command"
	case errors.Is(err, fs.ErrPermission):
		return ": may the file be executed (chmod +x), and is its file system mounted without noexec?"
	case errors.Is(err, syscall.EAGAIN):
		return ": the limit of processes is reached: raise it (ulimit -u), end others, or start fewer workers (--local)"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return ": the limit of open files is reached: raise it (ulimit -n), or start fewer workers (--local)"
	case errors.Is(err, syscall.ENOMEM):
		return ": memory is short: end other programs, raise its limit, or start fewer workers (--local)"
	default:
		return ""
	}
}

// secret reports whether a variable, NAME=VALUE, gives access to the store, which workers
// do not need.
func secret(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{"PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE", "PGSSLKEY"}, strings.ToUpper(name))
}

// child is a worker in a separate process.
type child struct {
	cmd   *exec.Cmd
	input io.WriteCloser // closing it ends the child
	asked atomic.Bool    // by Stop
}

func (c *child) Stop() error {
	c.asked.Store(true)
	_, err := fmt.Fprintln(c.input, protocol.StopLine)
	return err
}

func (c *child) Kill() error { return c.cmd.Process.Kill() }

func (c *child) Wait() error {
	err := c.cmd.Wait()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) && ended.ExitCode() == protocol.ExitWorkLeft && !c.asked.Load() {
		return ErrDrained
	}
	return err
}
