package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a private PostgreSQL server on a socket.
type Server struct {
	folder   string // contains its data, socket and log
	programs string
	durable  bool

	running *exec.Cmd      // nil while it is stopped
	input   io.WriteCloser // of running
}

// watch runs a server until a command arrives on its standard input or the input
// ends, as it does whenever the test process ends. At the end of the input it also
// deletes the folder.
const watch = `
"$@" >>"$0/log" 2>&1 </dev/null &
read -r word
kill -INT $!
wait $!
[ "$word" = keep ] || rm -rf "$0"
`

// timeout is the time limit for a server to start or stop.
const timeout = 60 * time.Second

// Option configures a server.
type Option func(*Server)

// Durable makes a server flush commits to the disk, like servers in production.
// Without it, commits survive Kill but may be lost if the machine crashes.
func Durable(s *Server) { s.durable = true }

// create initialises the folder and data of a server.
func create(opts ...Option) (*Server, error) {
	s := &Server{programs: programs()}
	for _, opt := range opts {
		opt(s)
	}
	var err error
	if s.folder, err = folder(); err != nil {
		return nil, fmt.Errorf("create the folder of a PostgreSQL server: %w", err)
	}
	c := exec.Command(filepath.Join(s.programs, "initdb"), "--pgdata", s.data(), "--username", owner,
		"--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if err := detach(c); err != nil {
		return nil, fmt.Errorf("run initdb: %w", err)
	}
	if out, err := c.CombinedOutput(); err != nil {
		s.remove()
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, nil
}

// owner is the superuser role of a server.
const owner = "postgres"

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) remove() { _ = os.RemoveAll(s.folder) }

// URL returns the address of one of the server's databases, for its superuser.
func (s *Server) URL(database string) string {
	q := url.Values{"host": {s.folder}}
	u := url.URL{Scheme: "postgres", User: url.User(owner), Host: "", Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// Start starts a stopped server and waits until it accepts connections. It fails if
// the server is running.
func (s *Server) Start(ctx context.Context) error {
	if s.running != nil {
		return errors.New("start PostgreSQL: it is already running")
	}
	settings := []string{"-D", s.data(), "-k", s.folder, "-h", "", "-c", "max_connections=200", "-c", "shared_buffers=64MB"}
	if !s.durable {
		settings = append(settings, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	c := exec.Command("/bin/sh", append([]string{"-c", watch, s.folder, filepath.Join(s.programs, "postgres")}, settings...)...)
	if err := detach(c); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	input, err := c.StdinPipe()
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.running, s.input = c, input
	return s.waitUntilReady(ctx)
}

// waitUntilReady waits until a server accepts connections.
func (s *Server) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL(owner))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL: %w\n%s", err, s.log())
		}
	}
}

func (s *Server) log() string {
	body, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// Stop shuts a server down cleanly and disconnects its clients. It keeps the data.
func (s *Server) Stop() error { return s.end("keep\n") }

// Kill ends a server like a crash. Its commits survive and are there after Start.
func (s *Server) Kill() error {
	pid, err := s.pid()
	if err == nil {
		err = crash(pid)
	}
	return errors.Join(err, s.Stop())
}

// pid returns the process ID of the server's main process.
func (s *Server) pid() (int, error) {
	body, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find the PostgreSQL server: %w", err)
	}
	first, _, _ := strings.Cut(string(body), "\n")
	return strconv.Atoi(first)
}

func (s *Server) end(word string) error {
	if s.running == nil {
		return nil
	}
	_, err := io.WriteString(s.input, word)
	err = errors.Join(err, s.input.Close(), s.running.Wait())
	s.running, s.input = nil, nil
	if err != nil {
		return fmt.Errorf("stop PostgreSQL: %w\n%s", err, s.log())
	}
	return nil
}

// discard stops a server and deletes its folder.
func (s *Server) discard() error {
	err := s.end("")
	s.remove()
	return err
}
