package table

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// minReplicates is the number of replicates from which on intervals are given
// (DESIGN.md, section 2.3).
const minReplicates = 3

// values are numbers to summarise, such as one error over the replicates of a
// configuration. Each method also reports whether its result is defined.
type values []float64

// mean needs at least one value.
func (v values) mean() (float64, bool) {
	if len(v) == 0 {
		return 0, false
	}
	return stat.Mean(v, nil), true
}

// deviation estimates the population's standard deviation (n − 1 in the
// denominator). It needs at least two values.
func (v values) deviation() (float64, bool) {
	if len(v) < 2 {
		return 0, false
	}
	return stat.StdDev(v, nil), true
}

// geometricMean needs positive values.
func (v values) geometricMean() (float64, bool) {
	logs, ok := v.logs()
	if !ok {
		return 0, false
	}
	mean, ok := logs.mean()
	return math.Exp(mean), ok
}

// logs needs positive values.
func (v values) logs() (logs values, ok bool) {
	logs = make(values, len(v))
	for i, x := range v {
		if x <= 0 {
			return nil, false
		}
		logs[i] = math.Log(x)
	}
	return logs, true
}

// geometricInterval returns the 95 % confidence interval of the geometric mean.
// Errors are positive and spread over decades, so that an interval of their
// arithmetic mean would reach below 0.
func (v values) geometricInterval() (low, high float64, ok bool) {
	logs, ok := v.logs()
	if !ok {
		return 0, 0, false
	}
	low, high, ok = Interval(logs)
	return math.Exp(low), math.Exp(high), ok
}

// Interval returns the 95 % confidence interval of the mean by Student's t. It is
// not defined for fewer than three values.
func Interval(s []float64) (low, high float64, ok bool) {
	if len(s) < minReplicates {
		return 0, 0, false
	}
	n := float64(len(s))
	mean, deviation := stat.MeanStdDev(s, nil)
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
	return mean - half, mean + half, true
}

// intervalOfMean returns the 95 % confidence interval of the mean of n values by
// Student's t, from its standard error. It is not defined for fewer than three values.
func intervalOfMean(mean, standardError float64, n int) (low, high float64, ok bool) {
	if n < minReplicates {
		return 0, 0, false
	}
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975) * standardError
	return mean - half, mean + half, true
}
