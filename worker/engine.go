package main

// engineJob returns a label of the job of an engine in which this program runs; "" if there is
// none. It is for people: engines reuse the names of their jobs. A pod of Kubernetes has its
// name as that of its host.
func engineJob(environment func(string) string) string {
	if job := slurmJob(environment); job != "" {
		return "Slurm job " + job
	}
	if allocation := environment("NOMAD_ALLOC_ID"); allocation != "" {
		return "Nomad allocation " + allocation
	}
	return ""
}
