package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"spiqsweep/coordinator/folder"
)

// Time limits of calls. sbatch may wait for a busy slurmctld.
const (
	callTimeout   = 10 * time.Second
	submitTimeout = time.Minute
	// killDelay is how long the output of a killed program may stay open.
	killDelay = time.Second
)

// errTimeout is the cause of a call that was ended since it took too long.
var errTimeout = errors.New("it does not answer: check with `scontrol ping` whether slurmctld runs")

// runProgram runs a program of Slurm and returns its standard output.
func runProgram(ctx context.Context, timeout time.Duration, program string, arguments ...string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is not in PATH: run this on a machine from which you submit jobs", program)
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	c := exec.CommandContext(limited, path, arguments...)
	c.WaitDelay = killDelay
	var output, fault bytes.Buffer
	c.Stdout, c.Stderr = &output, &fault
	switch err := c.Run(); {
	case errors.Is(context.Cause(limited), errTimeout) && err != nil:
		return "", fmt.Errorf("%s: ended after %v: %w", program, timeout, errTimeout)
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		text := strings.Join(strings.Fields(fault.String()), " ")
		if len(text) > maxMessage {
			text = text[:maxMessage] + "…"
		}
		if text != "" {
			text = ": " + text
		}
		return "", fmt.Errorf("%s: %w%s", program, err, text)
	}
	return output.String(), nil
}

// maxMessage bounds what an error quotes of a program's messages, in bytes.
const maxMessage = 500

// maxArraySize matches the setting in the output of `scontrol show config`.
var maxArraySize = regexp.MustCompile(`(?m)^MaxArraySize\s*=\s*(\d+)\s*$`)

// MaxArraySize returns the site's setting of that name.
func MaxArraySize(ctx context.Context) (int, error) {
	output, err := runProgram(ctx, callTimeout, "scontrol", "show", "config")
	if err != nil {
		return 0, err
	}
	match := maxArraySize.FindStringSubmatch(output)
	if match == nil {
		return 0, errors.New("`scontrol show config` shows no MaxArraySize")
	}
	return strconv.Atoi(match[1])
}

// jobID matches what sbatch --parsable prints: the ID and, of a job in another cluster, the
// name of the cluster.
var jobID = regexp.MustCompile(`^[1-9][0-9]*(;[A-Za-z0-9_.-]+)?$`)

// Submit submits a script with further arguments of sbatch, and returns the job's ID.
func Submit(ctx context.Context, script string, arguments ...string) (id string, err error) {
	output, err := runProgram(ctx, submitTimeout, "sbatch", append(append([]string{"--parsable"}, arguments...), script)...)
	switch {
	case errors.Is(err, errTimeout):
		return "", fmt.Errorf("%w; the job may have been submitted: `squeue --me` lists your jobs", err)
	case err != nil:
		return "", &folder.InputError{Err: err}
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if id = strings.TrimSpace(lines[len(lines)-1]); !jobID.MatchString(id) {
		return "", fmt.Errorf("sbatch --parsable printed %.80q: must be the ID of a job; `squeue --me` lists your jobs", id)
	}
	return id, nil
}

// byCluster returns the numbers of jobs by the names of their clusters; "": the default one.
func byCluster(ids []string) map[string][]string {
	clusters := map[string][]string{}
	for _, id := range ids {
		number, cluster, _ := strings.Cut(id, ";")
		clusters[cluster] = append(clusters[cluster], number)
	}
	return clusters
}

// inCluster returns the arguments of a program of Slurm for a cluster.
func inCluster(cluster string, arguments ...string) []string {
	if cluster == "" {
		return arguments
	}
	return append([]string{"--clusters=" + cluster}, arguments...)
}

// scancelPending returns the arguments of scancel for the tasks of jobs that have not started.
func scancelPending(cluster string, numbers []string) []string {
	return inCluster(cluster, append([]string{"--state=PENDING"}, numbers...)...)
}

// CancelCommands returns the commands for a shell that cancel what is pending of jobs, one for
// each cluster.
func CancelCommands(ids ...string) (lines []string) {
	clusters := byCluster(ids)
	for _, cluster := range slices.Sorted(maps.Keys(clusters)) {
		lines = append(lines, folder.CommandLine("scancel", scancelPending(cluster, clusters[cluster])...))
	}
	return lines
}

// cancelPending cancels the tasks of jobs that have not started. Jobs that are over are no
// error.
func cancelPending(ctx context.Context, ids []string) error {
	var faults error
	for cluster, numbers := range byCluster(ids) {
		faults = errors.Join(faults, cancelPendingIn(ctx, cluster, numbers))
	}
	return faults
}

// cancelPendingIn is cancelPending for the jobs of a cluster.
func cancelPendingIn(ctx context.Context, cluster string, numbers []string) error {
	// scancel fails if none of its jobs is pending, and squeue if it is given old jobs.
	pending := func() ([]string, error) {
		output, err := runProgram(ctx, callTimeout, "squeue", inCluster(cluster, "--noheader", "--states=PENDING", "--format=%F", fmt.Sprintf("--user=%d", os.Getuid()))...)
		listed := strings.Fields(output)
		return slices.DeleteFunc(slices.Clone(numbers), func(number string) bool { return !slices.Contains(listed, number) }), err
	}
	left, err := pending()
	if err != nil || len(left) == 0 {
		return err
	}
	_, err = runProgram(ctx, callTimeout, "scancel", scancelPending(cluster, left)...)
	if err == nil {
		return nil
	}
	if left, fault := pending(); fault == nil && len(left) == 0 { // the last one has started in between
		return nil
	}
	return err
}
