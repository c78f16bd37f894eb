package recording

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bounds of the labels of a table.
const (
	csvMaxLabels = 1 << 16 // different repeats, and neurons
	csvMaxLabel  = 64      // bytes
)

// labelSet numbers the labels of the repeats or the neurons. Whole numbers count from 0, or
// from 1 if none is 0, and every number up to the largest exists. Other labels are numbered
// in the order of their first row.
type labelSet struct {
	of       string         // "repeat" or "neuron"
	position map[string]int // in the order of the first row
	named    bool           // a label is not a whole number
	smallest int
	largest  int
	line     int            // of the largest
	written  map[int]string // the label of a number
}

func newLabelSet(of string) *labelSet {
	return &labelSet{of: of, position: map[string]int{}, written: map[int]string{}, smallest: math.MaxInt}
}

// add adds the label of a row. Two texts of one number, such as 01 and 1, are an error.
func (l *labelSet) add(label string, line int) error {
	if _, ok := l.position[label]; ok {
		return nil
	}
	switch {
	case label == "":
		return fmt.Errorf("the label of the %s is empty: give its number or name", l.of)
	case len(label) > csvMaxLabel:
		return fmt.Errorf("the label of the %s has %d bytes: want at most %d", l.of, len(label), csvMaxLabel)
	case len(l.position) == csvMaxLabels:
		return fmt.Errorf("more than %d different labels of the %ss", csvMaxLabels, l.of)
	}
	label = strings.Clone(label)
	l.position[label] = len(l.position)
	number, ok := wholeLabel(label)
	if !ok {
		l.named = true
		return nil
	}
	if other, twice := l.written[number]; twice {
		return fmt.Errorf("the labels %s and %s of the %ss are one number: write each label in one way, or put a letter before all if they are names", other, label, l.of)
	}
	l.written[number] = label
	l.smallest = min(l.smallest, number)
	if number >= l.largest {
		l.largest, l.line = number, line
	}
	return nil
}

// wholeLabel returns the number of a label that is a whole number ≥ 0.
func wholeLabel(label string) (number int, ok bool) {
	number, err := strconv.Atoi(label)
	return number, err == nil && number >= 0
}

// check returns an error if there are more labels than a recording may have, because numbers
// stand for all numbers up to the largest.
func (l *labelSet) check(most int) error {
	if l.named || l.len() <= most {
		return nil
	}
	return &lineError{l.line, fmt.Errorf("%s %d: at most %d %ss are accepted, and every number up to the largest is one; number them from 0, or put a letter before the labels if they are names", l.of, l.largest, most, l.of)}
}

// first returns the number that is index 0, of labels that are whole numbers.
func (l *labelSet) first() int { return min(l.smallest, 1) }

func (l *labelSet) len() int {
	if l.named {
		return len(l.position)
	}
	return l.largest - l.first() + 1
}

func (l *labelSet) index(label string) int {
	if l.named {
		return l.position[label]
	}
	number, _ := strconv.Atoi(label)
	return number - l.first()
}

// label returns the label of an index.
func (l *labelSet) label(index int) string {
	if !l.named {
		return strconv.Itoa(index + l.first())
	}
	for label, i := range l.position {
		if i == index {
			return label
		}
	}
	return ""
}

// notice describes how the labels are numbered; "" if they are the indices.
func (l *labelSet) notice() string {
	if !l.named {
		if l.first() == 0 {
			return ""
		}
		return fmt.Sprintf("the %ss are labelled from 1, and numbered from 0: label 1 is %s 0", l.of, l.of)
	}
	names := make([]string, len(l.position))
	for label, i := range l.position {
		names[i] = printable([]byte(label))
	}
	return fmt.Sprintf("the %ss are numbered from 0 in the order of their first row: %s", l.of, listed(names))
}

// checkLabels checks the labels of repeats and neurons; nil is no column.
func checkLabels(repeats, neurons *labelSet) error {
	if neurons != nil {
		if err := neurons.check(maxNeurons); err != nil {
			return err
		}
	}
	if repeats != nil {
		return repeats.check(maxWords)
	}
	return nil
}
