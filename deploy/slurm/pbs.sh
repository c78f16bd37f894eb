#!/bin/sh
# Workers as an array of jobs for PBS Pro and OpenPBS: qsub pbs.sh
# NOT RUN: no test of this project has PBS. Change the paths, the time and the resources.
#PBS -N spiqsweep
#PBS -J 1-32
#PBS -r y
#PBS -j oe
#PBS -l select=1:ncpus=4:mem=1gb
#PBS -l walltime=12:00:00

# PBS sends TERM at the walltime and kills the job after the server's kill_delay (10 s by
# default): the worker hands back its tasks in between. It also leaves 5 minutes earlier.
exec "$HOME/bin/worker" --coordinator "$HOME/runs/figure-s1/worker.json" \
  --slots 4 --idle-timeout 5m --lifetime 11h55m
