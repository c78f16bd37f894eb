#!/bin/sh
# A worker of the sweep in /home/me/runs/my sweep.
#SBATCH "--job-name=my sweep"
#SBATCH "--output=/home/me/runs/my sweep/slurm/%A_%a.log"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
#SBATCH --time=12:00:00
#SBATCH -p short
#SBATCH "--comment=it's # 1"

# exec: Slurm signals the process of this script alone before the walltime.
exec env SPIQSWEEP_END_BEFORE=3m0s /opt/spiqsweep/bin/worker --coordinator '/home/me/runs/my sweep/worker.json' --idle-timeout 5m0s --connect-timeout 10m0s
