package plan

import "spiqsweep/sweep"

// Estimate is the remaining work of a sweep, as `coordinator plan` prints it.
type Estimate struct {
	Configurations []ConfigurationEstimate // in grid order
	Tasks          int                     // in all
	Finished       int                     // of Tasks
	Seconds        float64                 // remaining, on one core of the project's machine or, after Measure, of this one
	// MaxTasks and MaxSeconds are those of the largest number of replicates; see UpTo.
	MaxTasks   int
	MaxSeconds float64
	// Longest is the time of the longest unfinished task, Seconds of one core.
	Longest float64
	// Bytes is what the unfinished tasks will take on disk, without figures.
	Bytes float64
	// Largest is the configuration of the unfinished task that takes the most memory, see
	// sweep.Configuration.MemoryBytes, and Memory what it takes, in bytes; 0 if there is none.
	Largest sweep.Configuration
	Memory  float64
}

// WallSeconds estimates the time in which some workers, each with one core, finish the
// tasks.
func (e Estimate) WallSeconds(workers int) float64 {
	return max(e.Seconds/float64(max(1, workers)), e.Longest)
}

// ConfigurationEstimate is the part of one configuration. Its unfinished tasks are
// Rows − Finished − Shared.
type ConfigurationEstimate struct {
	Configuration sweep.Configuration // of replicate 0
	Rows          int
	Finished      int     // rows whose task is finished
	Shared        int     // rows whose task is unfinished and counted with an earlier configuration
	Seconds       float64 // remaining
	MaxRows       int     // as Estimate.MaxTasks
	MaxSeconds    float64
}

// UpTo returns the estimate with the maxima of another one of the same configurations.
func (e Estimate) UpTo(most Estimate) Estimate {
	e.MaxTasks, e.MaxSeconds = most.Tasks, most.Seconds
	for i, c := range most.Configurations {
		e.Configurations[i].MaxRows, e.Configurations[i].MaxSeconds = c.Rows, c.Seconds
	}
	return e
}

// Estimate adds up the unfinished tasks.
func (p *Plan) Estimate(finished map[sweep.TaskID]bool) Estimate {
	var e Estimate
	counted := make(map[sweep.TaskID]bool, p.TaskCount())
	for i, row := range p.Rows() {
		if row.Configuration.Replicate == 0 {
			e.Configurations = append(e.Configurations, ConfigurationEstimate{Configuration: row.Configuration})
		}
		configuration := &e.Configurations[len(e.Configurations)-1]
		configuration.Rows++
		first := !counted[row.ID]
		counted[row.ID] = true
		if first {
			e.Tasks++
		}
		switch {
		case finished[row.ID]:
			configuration.Finished++
			if first {
				e.Finished++
			}
		case first:
			cost := p.costOf(i)
			configuration.Seconds += cost
			e.Seconds += cost
			e.Longest = max(e.Longest, cost)
			e.Bytes += Bytes(row.Configuration)
			if memory := row.Configuration.MemoryBytes(); memory > e.Memory {
				e.Largest, e.Memory = row.Configuration, memory
			}
		default:
			configuration.Shared++
		}
	}
	return e
}
