package plan

import "spiqsweep/sweep"

// Estimate is what `coordinator plan` prints: the work that is left.
type Estimate struct {
	Cells    []CellEstimate // in grid order
	Tasks    int            // trainings, each once
	Finished int            // of Tasks
	Seconds  float64        // left, on one core of the project’s machine
}

// CellEstimate is the part of one cell. Rows = Finished + Shared + tasks left.
type CellEstimate struct {
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
			e.Cells = append(e.Cells, CellEstimate{Configuration: row.Configuration})
		}
		cell := &e.Cells[len(e.Cells)-1]
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
