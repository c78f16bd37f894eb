package slurm_test

import (
	"fmt"
	"time"

	"spiqsweep/coordinator/slurm"
)

func ExampleWorkers() {
	script := slurm.Workers{
		Worker: slurm.Worker{
			Program: "/home/me/bin/worker", Credentials: "/home/me/runs/figure-s1/worker.json", IdleTimeout: 5 * time.Minute,
		},
		Name: "figure-s1", Out: "/home/me/runs/figure-s1", Options: []string{"--time=12:00:00", "--cpus-per-task=4"},
	}
	fmt.Print(script.Text())
	arrays, _ := slurm.Arrays(32, 8, slurm.DefaultMaxArraySize)
	fmt.Println("sbatch", "--array="+arrays[0], script.Path())
	// Output:
	// #!/bin/sh
	// # A worker of the sweep in /home/me/runs/figure-s1.
	// #SBATCH --job-name=figure-s1
	// #SBATCH --output=/home/me/runs/figure-s1/slurm/%A_%a.log
	// #SBATCH --open-mode=append
	// #SBATCH --requeue
	// #SBATCH --signal=B:TERM@120
	// #SBATCH --time=12:00:00
	// #SBATCH --cpus-per-task=4
	//
	// # exec: Slurm signals the process of this script alone before the walltime.
	// exec env SPIQSWEEP_END_BEFORE=3m0s /home/me/bin/worker --coordinator /home/me/runs/figure-s1/worker.json --idle-timeout 5m0s
	// sbatch --array=1-32%8 /home/me/runs/figure-s1/slurm/workers.sh
}
