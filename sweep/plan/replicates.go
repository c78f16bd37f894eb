package plan

import (
	"context"
	"encoding/hex"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// Outcome is what is known of a task when replicates are decided on.
type Outcome struct {
	// Finished means that the task has an accepted result, or that it would fail in every
	// attempt. Other failed tasks and diverged ones are not finished: retrying them may
	// give them a result.
	Finished bool
	// Errors are those of grid.Replicates.Until, in its order; NaN is undefined. They are
	// nil if the task has failed.
	Errors []float64
	// Planned means that the sweep has the task. A configuration with an unfinished
	// replicate keeps the replicates that it has: a retry may open an old one again.
	Planned bool
}

// Precision counts the trained configurations of a sweep whose number of replicates
// depends on results. The counts add up to their number.
type Precision struct {
	Reached    int // all errors have the precision
	AtMax      int // an error does not, with the largest number of replicates
	NoInterval int // an error is 0 or undefined, so that its geometric mean has no interval
	Open       int // replicates that the decision needs are not finished
}

// Extend returns the plan with the replicates that the grid demands after these outcomes
// of tasks, and how many configurations have reached the precision. It is p itself if
// the numbers of replicates are the same. Tasks that both plans have are equal except
// for their places.
//
// Configurations that differ in k alone have the same number of replicates. It begins with
// Min. When all replicates of that number are finished and a configuration lacks the
// precision, the number grows to what the present standard deviations let expect to be
// enough, by a half at most, so that many workers have work and few trainings are
// superfluous. Each step depends on the finished replicates alone, so that the end depends
// neither on the order in which results arrive nor on the plan that is extended. When ctx
// ends, Extend returns the cause.
func (p *Plan) Extend(ctx context.Context, outcome func(sweep.TaskID) Outcome) (*Plan, Precision, error) {
	var total Precision
	if !p.grid.Replicates.IsAdaptive() {
		return p, total, nil
	}
	groups := p.grid.Partners()
	counts := make([]int, p.grid.Trained())
	same := true
	rule := newRule(p.grid.Replicates)
	for _, group := range groups {
		if ctx.Err() != nil {
			return nil, total, context.Cause(ctx)
		}
		d := newDecision(rule, len(group))
		count := d.decide(func(member, replicate int) Outcome { return outcome(p.taskID(group[member], replicate)) })
		for _, i := range group {
			counts[i] = count
			same = same && count == p.grid.ReplicatesOf(i)
		}
		d.addTo(&total)
	}
	if same {
		return p, total, nil
	}
	extended, err := p.withReplicates(ctx, counts)
	return extended, total, err
}

// taskID returns the task of a replicate, also of one that the plan does not have.
func (p *Plan) taskID(configuration, replicate int) sweep.TaskID {
	if replicate < p.grid.ReplicatesOf(configuration) {
		return sweep.TaskID(hex.EncodeToString(p.ids[p.grid.Row(configuration, replicate)][:]))
	}
	c := p.grid.Configuration(configuration)
	c.Replicate = replicate
	return sweep.NewTaskID(c, p.recordings[p.configurations[configuration].recording], p.numerics, p.kernelClass)
}

// AtMost returns the plan in which all configurations have the largest number of
// replicates. When ctx ends, it returns the cause.
func (p *Plan) AtMost(ctx context.Context) (*Plan, error) {
	return p.withReplicates(ctx, slices.Repeat([]int{p.grid.Replicates.Max}, p.grid.Trained()))
}

// withReplicates returns the plan of the grid with other numbers of replicates.
func (p *Plan) withReplicates(ctx context.Context, counts []int) (*Plan, error) {
	with := &Plan{
		grid: p.grid.WithReplicates(counts), recordings: p.recordings, configurations: p.configurations,
		numerics: p.numerics, kernelClass: p.kernelClass,
	}
	with.ids = make([][sha256Bytes]byte, with.grid.Rows())
	for row := range with.ids {
		configuration, replicate := with.grid.At(row)
		if replicate < p.grid.ReplicatesOf(configuration) {
			with.ids[row] = p.ids[p.grid.Row(configuration, replicate)]
			continue
		}
		setID(&with.ids[row], p.taskID(configuration, replicate))
		if (row+1)%reportEvery == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return with.indexed(ctx)
}

// rule is the precision that each error needs.
type rule struct {
	grid.Replicates
	limits    []float64 // by error: the largest half-width of the interval of the mean logarithm
	quantiles []float64 // by number of values: Student's t times 1/√n; computed on demand
}

func newRule(r grid.Replicates) *rule {
	u := &rule{Replicates: r}
	for _, p := range r.Until {
		u.limits = append(u.limits, math.Log1p(p.Relative))
	}
	return u
}

// width returns half the width of the 95 % interval of the mean of n values with a
// standard deviation of 1.
func (r *rule) width(n int) float64 {
	for len(r.quantiles) <= n {
		count := float64(len(r.quantiles))
		width := math.Inf(1)
		if len(r.quantiles) >= grid.MinInterval {
			width = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: count - 1}.Quantile(0.975) / math.Sqrt(count)
		}
		r.quantiles = append(r.quantiles, width)
	}
	return r.quantiles[n]
}

// decision decides on the replicates of configurations that have the same number.
type decision struct {
	rule    *rule
	members []member
	isOpen  bool // a replicate is not finished
}

// member sums up the finished replicates of a configuration, by error of the rule.
type member []moments

// moments are the number, mean and sum of squared deviations of the logarithms of an
// error, by Welford's algorithm.
type moments struct {
	n             int
	mean, squares float64
	hasZero       bool
}

func (m *moments) add(v float64) {
	switch {
	case math.IsNaN(v):
		return
	case v <= 0:
		m.hasZero = true
		return
	}
	log := math.Log(v)
	m.n++
	before := log - m.mean
	m.mean += before / float64(m.n)
	m.squares += before * (log - m.mean)
}

func newDecision(r *rule, members int) *decision {
	d := &decision{rule: r, members: make([]member, members)}
	for i := range d.members {
		d.members[i] = make(member, len(r.Until))
	}
	return d
}

// decide returns the number of replicates. It reads outcomes in the order of replicates,
// and none after an unfinished one.
func (d *decision) decide(outcome func(member, replicate int) Outcome) int {
	count := d.rule.Min
	for replicate := 0; ; replicate++ {
		if replicate == count {
			if count = d.next(count); replicate == count {
				return count
			}
		}
		for i := range d.members {
			o := outcome(i, replicate)
			if !o.Finished {
				d.isOpen = true
				return d.kept(count, outcome)
			}
			for e, v := range o.Errors {
				d.members[i][e].add(v)
			}
		}
	}
}

// kept returns the number of replicates that are planned, if it is larger than count.
func (d *decision) kept(count int, outcome func(member, replicate int) Outcome) int {
	for ; count < d.rule.Max; count++ {
		for i := range d.members {
			if !outcome(i, count).Planned {
				return count
			}
		}
	}
	return count
}

// next returns the number of replicates after one that is finished, which is the same if
// it suffices.
func (d *decision) next(count int) int {
	most := min(d.rule.Max, count+max(1, count/2))
	for next := count; next < most; next++ {
		if !slices.ContainsFunc(d.members, func(m member) bool { return d.state(m, next-count) == tooWide }) {
			return next
		}
	}
	return most
}

// states of a configuration, the first of which is that of the worst of its errors.
const (
	tooWide = iota
	withoutInterval
	precise
)

// state returns the state of a configuration, or the one to expect after more replicates.
// An error that is 0 has no logarithm, and one that no replicate defines none either: more
// replicates give it no interval.
func (d *decision) state(m member, more int) int {
	worst := precise
	for i, e := range m {
		deviation := math.Sqrt(e.squares / float64(max(e.n-1, 1)))
		switch {
		case e.hasZero || e.n == 0:
			worst = min(worst, withoutInterval)
		case !(deviation*d.rule.width(e.n+more) <= d.rule.limits[i]):
			worst = tooWide
		}
	}
	return worst
}

// addTo counts the configurations.
func (d *decision) addTo(total *Precision) {
	for _, m := range d.members {
		switch state := d.state(m, 0); {
		case d.isOpen:
			total.Open++
		case state == tooWide:
			total.AtMax++
		case state == withoutInterval:
			total.NoInterval++
		default:
			total.Reached++
		}
	}
}
