package sweep

// maxWhole is 2⁵³ − 1, the largest whole number that every reader of JSON keeps.
const maxWhole = 1<<53 - 1

// The sizes of a number that training keeps in float32 without losing it.
const (
	smallest = 1e-37
	largest  = 1e37
)

// Range is an interval of numbers.
type Range struct {
	Low, High float64
	OpenHigh  bool // whether High itself is left out
}

func between(low, high float64) Range { return Range{Low: low, High: high} }
func share() Range                    { return Range{Low: 0, High: 1, OpenHigh: true} }

// Contains reports whether the range holds a number; no range holds NaN.
func (r Range) Contains(v float64) bool {
	return v >= r.Low && (v < r.High || v == r.High && !r.OpenHigh)
}

// String describes the range, to follow "a number": "from 1 to 16".
func (r Range) String() string {
	to := " to "
	if r.OpenHigh {
		to = " to below "
	}
	return "from " + Format(r.Low) + to + Format(r.High)
}
