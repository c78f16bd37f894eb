package plan

import "spiqsweep/sweep"

// Estimate is what `coordinator plan` prints: the work that is left.
type Estimate struct {
	Configurations []ConfigurationEstimate // in grid order
	Tasks          int                     // trainings, each once
	Finished       int                     // of Tasks
	Seconds        float64                 // left, on one core of the project’s machine
}

// ConfigurationEstimate is the part of one cell. Rows = Finished + Shared + tasks left.
type ConfigurationEstimate struct {
	Configuration sweep.Configuration // of replicate 0
	Rows          int
	Finished      int     // rows whose task is finished
	Shared        int     // rows whose task is not finished, and counted with an earlier cell
	Seconds       float64 // left
}

// Estimate adds up the tasks that are not finished.
func (p *Plan) Estimate(finished map[sweep.TaskID]bool) Estimate {
	var e Estimate
	counted := make(map[sweep.TaskID]bool, p.Trainings())
	for i, row := range p.Rows() {
		if row.Configuration.Replicate == 0 {
			e.Configurations = append(e.Configurations, ConfigurationEstimate{Configuration: row.Configuration})
		}
		cell := &e.Configurations[len(e.Configurations)-1]
		cell.Rows++
		first := !counted[row.ID]
		counted[row.ID] = true
		if first {
			e.Tasks++
		}
		switch {
		case finished[row.ID]:
			cell.Finished++
			if first {
				e.Finished++
			}
		case first:
			cost := p.costOf(i)
			cell.Seconds += cost
			e.Seconds += cost
		default:
			cell.Shared++
		}
	}
	return e
}
