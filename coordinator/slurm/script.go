package slurm

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/sweep"
	"spiqsweep/sweep/atomicfile"
)

// Worker is the command of a worker. Its paths are absolute, and the same on every node.
type Worker struct {
	Program     string
	Credentials string // path of worker.json
	// IdleTimeout and ConnectTimeout are flags of the worker; 0: its default.
	IdleTimeout, ConnectTimeout time.Duration
	// Splits has the worker also train tasks that cannot end before the walltime, in parts.
	Splits bool
}

// endBefore is the worker's variable with the time before the walltime at which it must have
// handed back its tasks.
const endBefore = "SPIQSWEEP_END_BEFORE"

// command returns the command line for a shell, in a job with options of sbatch. The worker must
// not accept tasks that Slurm's signal would interrupt.
func (w Worker) command(options []string) string {
	arguments := []string{"--coordinator", w.Credentials}
	if w.IdleTimeout > 0 {
		arguments = append(arguments, "--idle-timeout", w.IdleTimeout.String())
	}
	if w.ConnectTimeout > 0 {
		arguments = append(arguments, "--connect-timeout", w.ConnectTimeout.String())
	}
	if w.Splits {
		arguments = append(arguments, "--lifetime", "0")
		return shell(append([]string{w.Program}, arguments...)...)
	}
	variable := endBefore + "=" + (signalBefore(options) + signalEarly).String()
	return shell(append([]string{"env", variable, w.Program}, arguments...)...)
}

// shell quotes words for a shell.
func shell(words ...string) string { return strings.TrimPrefix(folder.CommandLine("", words...), " ") }

const (
	// defaultSignalBefore is the time before the walltime at which Slurm sends TERM.
	defaultSignalBefore = 120 * time.Second
	// signalEarly is how much earlier Slurm may send it.
	signalEarly = time.Minute
)

// Workers is a batch script whose job is a worker.
type Workers struct {
	Worker
	Name    string   // of the job
	Out     string   // absolute path of the output folder
	Options []string // of sbatch; see CheckOptions
}

// Path returns the path of the script.
func (s Workers) Path() string { return filepath.Join(s.Out, folder.SlurmFolder, "workers.sh") }

// Text returns the script.
func (s Workers) Text() string {
	var text strings.Builder
	fmt.Fprintf(&text, "#!/bin/sh\n# A worker of the sweep in %s.\n", sweep.Printable(s.Out))
	writeDirectives(&text, s.Name, filepath.Join(s.Out, folder.SlurmFolder), "%A_%a.log", s.Options)
	fmt.Fprintf(&text, `
# exec: Slurm signals the process of this script alone before the walltime.
exec %s
`, s.command(s.Options))
	return text.String()
}

// OneJob is a batch script that runs a coordinator and its workers.
type OneJob struct {
	Worker
	Workers     int
	Coordinator []string // the program, absolute, and its flags but for --out, --listen and --local
	Name        string   // of the job
	Out         string   // absolute path of the output folder
	Directory   string   // to which relative paths in Coordinator refer
	Options     []string // of sbatch; see CheckOptions
}

// Path returns the path of the script.
func (s OneJob) Path() string { return filepath.Join(s.Out, folder.SlurmFolder, "one-job.sh") }

// Text returns the script.
func (s OneJob) Text() string {
	var text strings.Builder
	fmt.Fprintf(&text, "#!/bin/sh\n# The sweep in %s: its coordinator, on the first node, and its workers.\n# Submit it again to resume the sweep.\n", sweep.Printable(s.Out))
	options := append([]string{fmt.Sprintf("--ntasks=%d", s.Workers), "--cpus-per-task=1"}, s.Options...)
	writeDirectives(&text, s.Name, filepath.Join(s.Out, folder.SlurmFolder), "%j.log", options)
	flags := append(s.Coordinator[1:len(s.Coordinator):len(s.Coordinator)], "--out", s.Out, "--listen", "0.0.0.0:0", "--local", "0")
	fmt.Fprintf(&text, oneJob, shell("cd", s.Directory), shell(s.Credentials), shell(append(s.Coordinator[:1:1], flags...)...), s.command(s.Options), withoutWorkers)
	return text.String()
}

// withoutWorkers is how long a coordinator whose workers have all ended may take to write
// its last files, in seconds.
const withoutWorkers = 120

// oneJob is the body of a OneJob. Its verbs are the command that changes the folder, the
// path of worker.json, the commands of coordinator and worker, and withoutWorkers.
const oneJob = `
%s || exit 1
worker_file=%s
version() { stat -c '%%i %%y' "$worker_file" 2>/dev/null; }
before=$(version)
workers=

# Before the walltime, Slurm signals this script alone. The workers hand back their tasks
# while the coordinator still runs. srun forwards USR1 to them; TERM would make it kill them.
hand_back() {
  trap '' TERM
  if [ -n "$workers" ]; then
    kill -USR1 "$workers"
    wait "$workers"
  fi
  kill -TERM "$coordinator"
  wait "$coordinator"
  exit $?
}
trap hand_back TERM

%s &
coordinator=$!
until [ "$(version)" != "$before" ]; do # it has written its address
  kill -0 "$coordinator" 2>/dev/null || break
  sleep 1
done

# All workers but the first may leave, or their node may fail, while the others go on.
if kill -0 "$coordinator" 2>/dev/null; then
  srun --ntasks="$SLURM_NTASKS" --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --wait=0 --no-kill --kill-on-bad-exit=0 \
    %s &
  workers=$!
fi

alone=0 # seconds without a worker
while kill -0 "$coordinator" 2>/dev/null; do
  kill -0 "$workers" 2>/dev/null || alone=$((alone + 1))
  if [ "$alone" -gt %d ]; then
    echo "all workers have ended, and the sweep has not: this job ends" >&2
    kill -TERM "$coordinator"
    break
  fi
  sleep 1 &
  wait $!
done
wait "$coordinator"
code=$?
if [ -n "$workers" ]; then # they are leaving, since all tasks are done
  kill -USR1 "$workers" 2>/dev/null
  case $code in 0 | 3) wait "$workers" ;; esac
fi
exit "$code"
`

// writeDirectives writes the directives of a script. Those of the user come last, so that
// they prevail.
func writeDirectives(text *strings.Builder, name, logs, log string, options []string) {
	// Slurm replaces %% by %.
	logs = strings.ReplaceAll(logs, "%", "%%")
	ours := []string{
		"--job-name=" + name, "--output=" + filepath.Join(logs, log), "--open-mode=append", "--requeue", fmt.Sprintf("--signal=B:TERM@%.0f", defaultSignalBefore.Seconds()),
	}
	for _, line := range append(directives(ours), directives(options)...) {
		fmt.Fprintf(text, "#SBATCH %s\n", line)
	}
}

// Write writes a script into the folder slurm of the output folder, which it creates.
func Write(path, text string) error {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	if err := atomicfile.Write(path, 0o666, []byte(text)); err != nil {
		return &folder.InputError{Err: err}
	}
	return nil
}
