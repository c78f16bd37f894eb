// Package slurm tests `coordinator slurm` with a real Slurm. Its tests start a private
// cluster from Debian's packages slurm-wlm and munge: one slurmctld and several slurmd on
// this machine, with a separate folder, key and ports. A Slurm of the machine is
// neither used nor changed.
//
// As root, the daemons run as root, and the scenarios run as root and as the user nobody.
// Otherwise all of it runs as the user of the test.
//
// The tests run only with SPIQSWEEP_SLURM=1 (`make slurm`). TestMain runs them in a child
// process and becomes the parent of everything that is left when the child ends, so that
// no process outlives the tests, however they end.
//
// The scripts pbs.sh and gridengine.sh are for other batch systems; no test runs them.
package slurm
