package table

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// fewest is the number of replicates below which no interval is given (DESIGN.md, section 2.3).
const fewest = 3

// sample is the values of one error over the replicates of a cell.
type sample []float64

// mean is undefined for an empty sample.
func (s sample) mean() (float64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	return stat.Mean(s, nil), true
}

// deviation is the standard deviation of the population that the sample was
// drawn from (n − 1 in the denominator).
func (s sample) deviation() (float64, bool) {
	if len(s) < 2 {
		return 0, false
	}
	return stat.StdDev(s, nil), true
}

// geometricMean is undefined unless every value is positive.
func (s sample) geometricMean() (float64, bool) {
	logs, ok := s.logs()
	if !ok {
		return 0, false
	}
	mean, ok := logs.mean()
	return math.Exp(mean), ok
}

func (s sample) logs() (logs sample, ok bool) {
	logs = make(sample, len(s))
	for i, v := range s {
		if v <= 0 {
			return nil, false
		}
		logs[i] = math.Log(v)
	}
	return logs, true
}

// geometricInterval is the 95 % confidence interval of the geometric mean. Errors
// are positive and spread over decades, so an interval of their mean would reach
// below 0.
func (s sample) geometricInterval() (low, high float64, ok bool) {
	logs, ok := s.logs()
	if !ok {
		return 0, 0, false
	}
	low, high, ok = Interval(logs)
	return math.Exp(low), math.Exp(high), ok
}

// Interval is the 95 % confidence interval of the mean by Student's t; it is
// not given for fewer than three values.
func Interval(s []float64) (low, high float64, ok bool) {
	if len(s) < fewest {
		return 0, 0, false
	}
	n := float64(len(s))
	mean, deviation := stat.MeanStdDev(s, nil)
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
	return mean - half, mean + half, true
}
