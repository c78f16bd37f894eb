// Package slurm starts workers with Slurm. It writes batch scripts, calls sbatch, scontrol
// and scancel, and keeps the IDs of the submitted jobs in the output folder.
//
// # Workers
//
// A [Workers] script is for a job array, each task of which is one worker. The worker
// takes the place of the batch shell (exec): Slurm sends the signal before the walltime
// (--signal=B:TERM@120) to the process of the batch script alone, and a child of the shell
// would be killed with its task in hand. [Arrays] makes the indexes of the arrays.
//
// # One job
//
// A [OneJob] script runs the coordinator in the batch step, on the first node, and the
// workers as a job step of srun. When the signal comes, the workers have to hand back
// their tasks before the coordinator ends, so the script sends USR1 to srun first. srun
// forwards USR1 to its tasks; it would kill them if it received TERM.
//
// # Cancelling pending jobs
//
// [Record] adds a job to a file of the output folder. The process that runs the sweep in
// that folder calls [CancelPending] when all tasks are finished. Nothing is cancelled when
// it is interrupted: the jobs wait for the coordinator that resumes the sweep. A server
// cancels nothing, and no jobs are recorded for it. Every call of a program of Slurm has a
// time limit, since these programs hang for minutes without slurmctld.
//
// # Secrets
//
// A script names worker.json by its path. No token is in a script, on a command line, or
// in the environment of a job, which other users can read.
package slurm
