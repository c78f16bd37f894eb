#!/bin/sh
# The sweep in /home/me/runs/100 %: its coordinator, on the first node, and its workers.
# Submit it again to resume the sweep.
#SBATCH "--job-name=my sweep"
#SBATCH "--output=/home/me/runs/100 %%/slurm/%j.log"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --time=12:00:00
#SBATCH -p short
#SBATCH "--comment=it's # 1"

cd /home/me || exit 1
worker_file='/home/me/runs/my sweep/worker.json'
version() { stat -c '%i %y' "$worker_file" 2>/dev/null; }
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

/opt/spiqsweep/bin/coordinator --grid 'my sweep.hcl' --out '/home/me/runs/100 %' --listen 0.0.0.0:0 --local 0 &
coordinator=$!
until [ "$(version)" != "$before" ]; do # it has written its address
  kill -0 "$coordinator" 2>/dev/null || break
  sleep 1
done

# All workers but the first may leave, or their node may fail, while the others go on.
if kill -0 "$coordinator" 2>/dev/null; then
  srun --ntasks="$SLURM_NTASKS" --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --wait=0 --no-kill --kill-on-bad-exit=0 \
    env SPIQSWEEP_END_BEFORE=3m0s /opt/spiqsweep/bin/worker --coordinator '/home/me/runs/my sweep/worker.json' --idle-timeout 5m0s --connect-timeout 10m0s &
  workers=$!
fi

alone=0 # seconds without a worker
while kill -0 "$coordinator" 2>/dev/null; do
  kill -0 "$workers" 2>/dev/null || alone=$((alone + 1))
  if [ "$alone" -gt 120 ]; then
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
