package slurm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"spiqsweep/coordinator/folder"
	"spiqsweep/simulator/inputfile"
)

// jobsFile has the IDs of the submitted jobs, one a line, as sbatch --parsable prints them.
const jobsFile = "jobs"

// maxJobsBytes bounds the file.
const maxJobsBytes = 1 << 20

func jobsPath(out string) string { return filepath.Join(out, folder.SlurmFolder, jobsFile) }

// makeFolder creates the folder of scripts, logs and job IDs. It refuses a link, through
// which the coordinator would write outside the output folder.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return folder.BadInput("create %s: %w", path, inputfile.Explain(path, err))
	}
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return folder.BadInput("%s must be a folder, not a link: move it away", path)
	}
	return nil
}

// Record adds jobs to those of the output folder.
func Record(out string, ids ...string) (err error) {
	if err := makeFolder(filepath.Dir(jobsPath(out))); err != nil {
		return err
	}
	file, err := os.OpenFile(jobsPath(out), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err == nil {
		_, err = fmt.Fprintln(file, strings.Join(ids, "\n")) // one write, so that concurrent ones do not mix
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("record job %s: %w: cancel it yourself when the sweep ends", strings.Join(ids, ", "), err)
	}
	return nil
}

// readJobs returns the jobs in a file; none if there is no such file.
func readJobs(path string) (ids []string, err error) {
	body, err := inputfile.Read(path, maxJobsBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the submitted jobs: %w", err)
	}
	for number, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !jobID.MatchString(line) {
			return nil, fmt.Errorf("%s:%d: %.40q is no ID of a job: remove the line", path, number+1, line)
		}
		ids = append(ids, line)
	}
	return ids, nil
}

// CancelPending cancels what is pending of the jobs of the output folder, removes their
// record, and returns their IDs. If Slurm does not answer, the record stays. A job that is
// recorded concurrently is cancelled too, or stays recorded.
func CancelPending(ctx context.Context, out string) (ids []string, err error) {
	if err := restore(out); err != nil {
		return nil, err
	}
	if ids, err = readJobs(jobsPath(out)); err != nil || len(ids) == 0 {
		return nil, err
	}
	if err := os.Rename(jobsPath(out), cancelledPath(out)); err != nil {
		return ids, err
	}
	for done := 0; ; done = len(ids) {
		// A process that opened the file before it was renamed may still add a job.
		if ids, err = readJobs(cancelledPath(out)); err == nil && len(ids) == done {
			return ids, os.Remove(cancelledPath(out))
		}
		if err == nil {
			err = cancelPending(ctx, ids[done:])
		}
		if err != nil {
			return ids, errors.Join(err, restore(out))
		}
	}
}

// cancelledPath returns the path of the jobs that CancelPending cancels.
func cancelledPath(out string) string { return jobsPath(out) + ".cancelled" }

// restore records the jobs again whose cancelling has failed, or whose canceller was killed.
func restore(out string) error {
	ids, err := readJobs(cancelledPath(out))
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := Record(out, ids...); err != nil {
		return err
	}
	return os.Remove(cancelledPath(out))
}
