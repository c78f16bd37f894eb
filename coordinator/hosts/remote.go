package hosts

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // of the script
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The states of a host's worker.
const (
	Started  = "started"
	Replaced = "replaced" // one with another program, other credentials or flags was stopped, and one started
	Running  = "running"
	Ended    = "ended"
	Stopped  = "stopped"
	Absent   = "absent" // no worker was started on the host, or not in its folder
)

// Answer is what a host reports of its worker.
type Answer struct {
	State   string
	Process int    // of a worker that runs
	Exit    string // exit code of one that does not; "unknown" if none was written, as when its machine went down
	Log     string // lines of its log, of Logs and of a worker that ended as soon as it was started
}

// Plan is what Start needs beside a host.
type Plan struct {
	Binary      Binary
	Credentials []byte   // worker.json
	Flags       []string // further flags of the worker
}

// Start makes a host run the worker of a plan, and no other. It copies the program unless
// the host has it.
func Start(ctx context.Context, h Host, p Plan) (Answer, error) {
	program := "worker-" + p.Binary.Digest[:12]
	reply, err := runOnHost(ctx, h, functionCall("look", program), nil)
	if err != nil {
		return Answer{}, err
	}
	has, uname, _ := strings.Cut(reply.line, " ")
	if err := p.Binary.checkMachine(uname); err != nil {
		return Answer{}, err
	}
	flags := p.Flags
	if h.Slots > 0 {
		flags = append([]string{"--slots", strconv.Itoa(h.Slots)}, flags...)
	}
	input := io.Reader(bytes.NewReader(p.Credentials))
	size := int64(0)
	if has != "yes" {
		file, err := os.Open(p.Binary.Path)
		if err != nil {
			return Answer{}, err
		}
		defer file.Close()
		input, size = io.MultiReader(input, io.LimitReader(file, p.Binary.Size)), p.Binary.Size
	}
	arguments := []string{program, strconv.FormatInt(size, 10), p.key(h, flags), strconv.Itoa(len(p.Credentials)), strconv.Itoa(h.Nice)}
	reply, err = runOnHost(ctx, h, functionCall("start", append(arguments, flags...)...), input)
	if err != nil {
		return Answer{}, err
	}
	return reply.answer()
}

// key identifies what a worker is started with. It does not disclose the credentials.
func (p Plan) key(h Host, flags []string) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%q\n%d\n%q", p.Binary.Digest, flags, h.Nice, p.Credentials)
	return hex.EncodeToString(hash.Sum(nil))
}

// Stop has a host's worker hand back its tasks and leave, and waits for its end. A worker
// that does not leave in 15 s is killed.
func Stop(ctx context.Context, h Host) (Answer, error) { return ask(ctx, h, "stop") }

// Status reports the state of a host's worker.
func Status(ctx context.Context, h Host) (Answer, error) { return ask(ctx, h, "status") }

// Logs is Status with the last lines of the worker's log.
func Logs(ctx context.Context, h Host, lines int) (Answer, error) {
	return ask(ctx, h, "logs", strconv.Itoa(lines))
}

func ask(ctx context.Context, h Host, function string, arguments ...string) (Answer, error) {
	reply, err := runOnHost(ctx, h, functionCall(function, arguments...), nil)
	if err != nil {
		return Answer{}, err
	}
	return reply.answer()
}

// Each calls do for all hosts, a few at a time, each with a timeout, and report with each
// outcome immediately, one call at a time.
func Each(ctx context.Context, hosts []Host, timeout time.Duration, do func(context.Context, Host) (Answer, error), report func(Host, Answer, error)) {
	const atATime = 32 // processes and connections of the user's machine
	var wait sync.WaitGroup
	var mu sync.Mutex // guards report
	room := make(chan struct{}, atATime)
	for _, h := range hosts {
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			bounded, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			answer, err := do(bounded, h)
			if err != nil && ctx.Err() == nil && bounded.Err() != nil {
				err = fmt.Errorf("no answer within %v: try `ssh %s true`, or give a longer --timeout", timeout, h.Name)
			}
			mu.Lock()
			defer mu.Unlock()
			report(h, answer, err)
		})
	}
	wait.Wait()
}

//go:embed remote.sh
var script string

// functionCall returns a line of the script: a function with its arguments, quoted.
func functionCall(function string, arguments ...string) string {
	line := function
	for _, argument := range arguments {
		line += " '" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
	}
	return line
}

// reply is what a host printed: the line with the marker, and what follows.
type reply struct{ line, rest string }

const marker = "spiqsweep-hosts "

// runOnHost runs a function call of the script on a host. input follows the script on its
// standard input. The command line of ssh is the same for every call but for a number, and any login
// shell understands it: dd reads the script, byte by byte since the rest belongs to it.
func runOnHost(ctx context.Context, h Host, call string, input io.Reader) (reply, error) {
	folder := h.Folder
	if folder == "" {
		folder = DefaultFolder
	}
	text := "folder='" + folder + "'\n" + script + "\n" + call + "\n"
	command := exec.CommandContext(ctx, "ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "--", h.Name,
		fmt.Sprintf(`exec sh -c 'eval "$(dd bs=1 count=%d 2>/dev/null)"'`, len(text)))
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Stdin = strings.NewReader(text)
	if input != nil {
		command.Stdin = io.MultiReader(command.Stdin, input)
	}
	command.WaitDelay = time.Second // a jump host's ssh may keep the pipes
	if err := command.Run(); err != nil {
		return reply{}, explain(err, h, stderr.String())
	}
	_, after, found := strings.Cut("\n"+stdout.String(), "\n"+marker)
	if !found {
		return reply{}, fmt.Errorf("ssh %s printed %.200q, and no answer: does its login shell start other programs?", h.Name, stdout.String())
	}
	line, rest, _ := strings.Cut(after, "\n")
	return reply{line, rest}, nil
}

// explain returns the error of ssh, or of the script that it ran.
func explain(err error, h Host, stderr string) error {
	said := strings.TrimSpace(stderr)
	if lines := strings.Split(said, "\n"); len(lines) > 3 {
		said = strings.Join(lines[len(lines)-3:], "\n")
	}
	said = strings.ReplaceAll(strings.ReplaceAll(said, "\r", ""), "\n", "; ")
	var ended *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no program ssh on this machine: install an OpenSSH client")
	case !errors.As(err, &ended):
		return err
	case ended.ExitCode() == 255:
		return fmt.Errorf("%s: `ssh %s true` must work without a question (keys, known hosts, ~/.ssh/config)", said, h.Name)
	case said == "":
		return fmt.Errorf("ssh %s ended with %w", h.Name, err)
	default:
		return errors.New(said)
	}
}

// answer parses the line that a function of the script printed.
func (r reply) answer() (Answer, error) {
	a := Answer{Log: r.rest}
	state, value, _ := strings.Cut(r.line, " ")
	a.State = state
	switch state {
	case Started, Replaced, Running:
		var err error
		if a.Process, err = strconv.Atoi(value); err != nil {
			return a, fmt.Errorf("the host answered %q, which names no process", r.line)
		}
	case Ended, Stopped:
		a.Exit = value
	case Absent:
	default:
		return a, fmt.Errorf("the host answered %q", r.line)
	}
	return a, nil
}
