package main

// engineJob returns a label of the job of an engine in which this program runs; "" if there is
// none. Operators read it; the rules do not, because engines reuse job names. In Kubernetes the host
// name is the name of the pod.
func engineJob(environment func(string) string) string {
	if job := slurmJob(environment); job != "" {
		return "Slurm job " + job
	}
	if allocation := environment("NOMAD_ALLOC_ID"); allocation != "" {
		return "Nomad allocation " + allocation
	}
	return ""
}
