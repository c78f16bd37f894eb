package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/folder"
	"spiqsweep/proto/credentials"
)

// workerFlags name the files with which workers are started on other machines.
type workerFlags struct{ program, workerFile string }

func (f *workerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.program, "program", "", "path of the `PROGRAM` worker (default: next to coordinator, or in PATH)")
	c.Flags().StringVar(&f.workerFile, "worker-file", "", "`FILE` worker.json of the coordinator (default: the one in the output folder)")
}

// findProgram returns the absolute path of the program worker.
func (f *workerFlags) findProgram() (string, error) {
	if f.program != "" {
		path, err := filepath.Abs(f.program)
		if err == nil {
			path, err = exec.LookPath(path)
		}
		if err != nil {
			return "", usage("--program %q: must be the path of the program worker: %w", f.program, err)
		}
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), "worker")); err == nil {
			return filepath.Abs(path)
		}
	}
	path, err := exec.LookPath("worker")
	if err != nil {
		return "", usage("the program worker is neither next to coordinator nor in PATH: give its path with --program")
	}
	return filepath.Abs(path)
}

// findWorkerFile returns the absolute path of worker.json, by default that in an output folder. It
// refuses a file that others can read, and warns if other machines cannot reach the coordinator.
func (f *workerFlags) findWorkerFile(c *cobra.Command, out string) (string, error) {
	path := f.workerFile
	if path == "" {
		path = folder.Folder(out).Path(folder.WorkerFile)
	}
	file, err := credentials.Load(path)
	if errors.Is(err, os.ErrNotExist) && f.workerFile == "" {
		return "", usage("%s: there is no worker.json: start the coordinator with --listen 0.0.0.0:7473, or name the file of another coordinator with --worker-file", out)
	}
	if err == nil {
		err = file.CheckRole(credentials.Worker)
	}
	if err != nil {
		return "", usage("%w", err)
	}
	if why := credentials.Exposed(path); why != "" {
		return "", usage("%s", why)
	}
	if file.IsLocal() {
		newTerminal(c.ErrOrStderr()).say("the coordinator listens for this machine alone (%s): workers on other machines need a tunnel, or a coordinator that was started with --listen 0.0.0.0:7473",
			strings.Join(file.Addresses, ", "))
	}
	return filepath.Abs(path)
}
