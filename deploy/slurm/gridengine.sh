#!/bin/sh
# Workers as an array of jobs for Grid Engine: qsub gridengine.sh
# NOT RUN: no test of this project has Grid Engine. Change the paths, the time and the
# resources, and the name of the parallel environment, which differs from site to site.
#$ -S /bin/sh
#$ -N spiqsweep
#$ -t 1-32
#$ -tc 8
#$ -r y
#$ -j y
#$ -pe smp 4
#$ -l h_rt=12:00:00,s_rt=11:55:00
#$ -notify

# Grid Engine sends USR1 at s_rt and kills the job at h_rt. With -notify it sends USR2 some
# time before qdel kills the job. The worker takes the place of this shell, and hands back
# its tasks at both signals.
exec "$HOME/bin/worker" --coordinator "$HOME/runs/figure-s1/worker.json" \
  --slots "${NSLOTS:-1}" --idle-timeout 5m --lifetime 11h55m
