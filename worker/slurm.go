package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// squeueTimeout bounds the question to Slurm: squeue waits for minutes if the controller of the
// cluster is down.
const squeueTimeout = 10 * time.Second

// slurmJob returns the job of Slurm in which this program runs, as squeue takes it; "" if there
// is none. One task of an array has the ID of the whole array, so it is named by its number.
func slurmJob(environment func(string) string) string {
	job := environment("SLURM_JOB_ID")
	array, task := environment("SLURM_ARRAY_JOB_ID"), environment("SLURM_ARRAY_TASK_ID")
	if job != "" && array != "" && task != "" {
		return array + "_" + task
	}
	return job
}

// slurmTimeLeft asks squeue for the time that a job has left; 0 if it has no limit. It returns
// at the end of ctx, and after squeueTimeout at the latest.
func slurmTimeLeft(ctx context.Context, job string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, squeueTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, "squeue", "-h", "-j", job, "-o", "%L")
	command.WaitDelay = time.Second // a child of squeue may keep the pipes open
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("squeue -j %s has not answered within %v", job, squeueTimeout)
	case err != nil && complaint.Len() > 0:
		return 0, fmt.Errorf("squeue -j %s: %w: %.200q", job, err, bytes.TrimSpace(complaint.Bytes()))
	case err != nil:
		return 0, fmt.Errorf("squeue -j %s: %w", job, err)
	}
	left, err := parseSlurmTime(strings.TrimSpace(string(output)))
	if err != nil {
		return 0, fmt.Errorf("squeue -j %s: %w", job, err)
	}
	return left, nil
}

// endBeforeVariable has the time before the end of a job of Slurm at which the worker must have
// handed back its tasks: the script of the job has Slurm signal the worker then.
const endBeforeVariable = "SPIQSWEEP_END_BEFORE"

// endBefore returns the duration in endBeforeVariable; 0 if it is not set.
func endBefore(environment func(string) string) (time.Duration, error) {
	text := environment(endBeforeVariable)
	if text == "" {
		return 0, nil
	}
	before, err := time.ParseDuration(text)
	if err != nil || before < 0 {
		return 0, fmt.Errorf("%s is %.80q: must be a duration such as 3m", endBeforeVariable, text)
	}
	return before, nil
}

// slurmLifetime returns the lifetime of a worker whose job has time left and must end some time
// before: at least half of what is left, since a worker with less would accept nothing.
func slurmLifetime(left, before time.Duration) time.Duration { return max(left-before, left/2) }

// slurmTime matches [[days-]hours:]minutes:seconds.
var slurmTime = regexp.MustCompile(`^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d\d)$`)

// parseSlurmTime parses the time left of a job as squeue prints it, such as 2-03:04:05 (days),
// 3:04:05 or 4:05. It returns 0 for UNLIMITED, and an error for NOT_SET, and for INVALID, which
// stands for a job that has used up its time.
func parseSlurmTime(text string) (time.Duration, error) {
	if text == "UNLIMITED" {
		return 0, nil
	}
	parts := slurmTime.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("the time left is %.80q: must be such as 1-02:03:04, 2:03:04 or 3:04", text)
	}
	seconds := 0.0
	for i, unit := range []float64{24 * 3600, 3600, 60, 1} {
		if parts[i+1] == "" {
			continue
		}
		number, err := strconv.ParseUint(parts[i+1], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("the time left is %.80q: the number is too large", text)
		}
		seconds += unit * float64(number)
	}
	switch {
	case seconds > math.MaxInt64/float64(time.Second):
		return 0, fmt.Errorf("the time left is %.80q: the number is too large", text)
	case seconds == 0:
		return 0, errors.New("the job has no time left")
	}
	return time.Duration(seconds) * time.Second, nil
}
