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

// Record adds a job to those of the output folder.
func Record(out, id string) (err error) {
	if err := makeFolder(filepath.Dir(jobsPath(out))); err != nil {
		return err
	}
	file, err := os.OpenFile(jobsPath(out), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err == nil {
		_, err = fmt.Fprintln(file, id) // one write, so that concurrent ones do not mix
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("record job %s: %w: cancel it yourself when the sweep ends", id, err)
	}
	return nil
}

// Recorded returns the jobs of the output folder.
func Recorded(out string) (ids []string, err error) {
	body, err := inputfile.Read(jobsPath(out), maxJobsBytes)
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
			return nil, fmt.Errorf("%s:%d: %.40q is no ID of a job: remove the line", jobsPath(out), number+1, line)
		}
		ids = append(ids, line)
	}
	return ids, nil
}

// CancelPending cancels what is pending of the jobs of the output folder, removes their
// record, and returns their IDs. If Slurm does not answer, the record stays.
func CancelPending(ctx context.Context, out string) (ids []string, err error) {
	ids, err = Recorded(out)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if err := cancelPending(ctx, ids); err != nil {
		return ids, err
	}
	return ids, os.Remove(jobsPath(out))
}
