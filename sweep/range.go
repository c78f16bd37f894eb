package sweep

import (
	"fmt"
	"math"
)

// maxWhole is 2⁵³ − 1, the largest whole number that every reader of JSON keeps.
const maxWhole = 1<<53 - 1

// Range is an interval of numbers. Infinite ends are never part of it.
type Range struct {
	Low, High         float64
	OpenLow, OpenHigh bool // whether the end itself is left out
}

func between(low, high float64) Range { return Range{Low: low, High: high} }
func share() Range                    { return Range{Low: 0, High: 1, OpenHigh: true} }
func atLeast(low float64) Range       { return Range{Low: low, High: math.Inf(1), OpenHigh: true} }
func above(low float64) Range {
	return Range{Low: low, OpenLow: true, High: math.Inf(1), OpenHigh: true}
}

// Contains says whether the range holds a number; no range holds NaN.
func (r Range) Contains(v float64) bool {
	aboveLow := v > r.Low || v == r.Low && !r.OpenLow
	belowHigh := v < r.High || v == r.High && !r.OpenHigh
	return aboveLow && belowHigh
}

// String describes the range, to follow "a number": "from 1 to 16", "above 0".
// Only its high end may be infinite.
func (r Range) String() string {
	low, high := "from "+Format(r.Low), " to "+Format(r.High)
	if r.OpenLow {
		low = "above " + Format(r.Low)
	}
	if r.OpenHigh {
		high = " to below " + Format(r.High)
	}
	switch {
	case !math.IsInf(r.High, 1):
		return low + high
	case r.OpenLow:
		return low
	default:
		return fmt.Sprintf("of at least %s", Format(r.Low))
	}
}
