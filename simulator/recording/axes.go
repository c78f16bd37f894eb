package recording

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An axis of a recording.
type axis int

const (
	repeatAxis axis = iota
	neuronAxis
	binAxis
)

var axisNames = [...]string{"repeats", "neurons", "bins"}

// DefaultAxes is the order of the axes in a file for which Options.Axes gives none.
const DefaultAxes = "repeats,neurons,bins"

// parseAxes reads an order of axes: "repeats", "neurons" and "bins" in any order, separated
// by commas, or only the latter two. "" is DefaultAxes.
func parseAxes(text string) ([]axis, error) {
	var order []axis
	for name := range strings.SplitSeq(cmp.Or(text, DefaultAxes), ",") {
		i := axis(slices.Index(axisNames[:], strings.TrimSpace(name)))
		if i < 0 || slices.Contains(order, i) {
			return nil, badAxes(text)
		}
		order = append(order, i)
	}
	if len(order) < 2 || len(order) == 2 && slices.Contains(order, repeatAxis) {
		return nil, badAxes(text)
	}
	return order, nil
}

func badAxes(text string) error {
	return fmt.Errorf("axes %q: want repeats, neurons and bins in the order of the file, such as %q, or neurons and bins for one repeat", text, "neurons,repeats,bins")
}

// joinAxes formats an order as parseAxes reads it, or with another separator.
func joinAxes(order []axis, separator string) string {
	names := make([]string, len(order))
	for i, a := range order {
		names[i] = axisNames[a]
	}
	return strings.Join(names, separator)
}

// index returns the index expression, in NumPy or MATLAB, of the given range of bins and
// all else, such as "[:, :, :5]".
func index(order []axis, bins string) string {
	parts := make([]string, len(order))
	for i, a := range order {
		parts[i] = ":"
		if a == binAxis {
			parts[i] = bins
		}
	}
	return strings.Join(parts, ", ")
}

// axesOf returns the order of the axes of an array of these dimensions. An array of two
// dimensions is one repeat: its order is that of o.Axes without the repeats.
func (o Options) axesOf(dims []int64) ([]axis, error) {
	order, err := parseAxes(o.Axes)
	if err != nil {
		return nil, err
	}
	if len(dims) == 2 {
		order = slices.DeleteFunc(order, func(a axis) bool { return a == repeatAxis })
	}
	if len(dims) == len(order) {
		return order, nil
	}
	text := fmt.Sprintf("it is an array of %s (%s), and a recording has %d: %s", plural(int64(len(dims)), "dimension"), times(dims), len(order), joinAxes(order, " × "))
	switch {
	case len(dims) == 3:
		text += ", as axes gives them; axes of three names, such as " + DefaultAxes + ", are those of several repeats"
	case len(dims) > 3:
		text += "; in NumPy x.reshape(-1, neurons, bins) joins all axes before the last two"
	}
	return nil, errors.New(text)
}
