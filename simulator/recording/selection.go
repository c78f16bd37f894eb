package recording

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxNeurons is the largest number of cells that a Raster holds.
const MaxNeurons = 16

// Selection is a rule that chooses cells of a recording. The zero Selection is
// the default, the most active cells.
type Selection struct {
	rule  rule
	cells []int // of byNumber
}

type rule string

const (
	mostActive rule = ""
	first      rule = "first"
	atRandom   rule = "random"
	byNumber   rule = "list"
)

// ParseSelection reads "most_active", "first", "random", or a list of distinct
// cell numbers counted from 0, such as "50,2,16".
func ParseSelection(s string) (Selection, error) {
	switch strings.TrimSpace(s) {
	case "most_active":
		return Selection{}, nil
	case "first":
		return Selection{rule: first}, nil
	case "random":
		return Selection{rule: atRandom}, nil
	}
	selection := Selection{rule: byNumber}
	for field := range strings.SplitSeq(s, ",") {
		cell, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || cell < 0 {
			return Selection{}, fmt.Errorf(`select %q: want "most_active", "first", "random", or cell numbers counted from 0 such as "50,2,16"`, s)
		}
		if slices.Contains(selection.cells, cell) {
			return Selection{}, fmt.Errorf("select %q: cell %d is named twice", s, cell)
		}
		selection.cells = append(selection.cells, cell)
	}
	return selection, nil
}

// String returns the selection as ParseSelection reads it.
func (s Selection) String() string {
	switch s.rule {
	case mostActive:
		return "most_active"
	case byNumber:
		numbers := make([]string, len(s.cells))
		for i, cell := range s.cells {
			numbers[i] = strconv.Itoa(cell)
		}
		return strings.Join(numbers, ",")
	default:
		return string(s.rule)
	}
}

// Select returns the numbers of n cells, counted from 0, in the order in which
// they become neurons of a Raster. Choices of different n from one selection
// and seed agree in their first cells. Only "random" reads the seed.
func (r *Recording) Select(s Selection, n int, seed uint64) ([]int, error) {
	if n < 1 || n > MaxNeurons {
		return nil, fmt.Errorf("select %d cells: want 1 to %d", n, MaxNeurons)
	}
	if n > r.Neurons() {
		return nil, fmt.Errorf("select %d cells: %s has %d", n, r.name, r.Neurons())
	}
	switch s.rule {
	case byNumber:
		return r.listed(s, n)
	case first:
		return countUp(r.Neurons())[:n], nil
	case atRandom:
		return permutation(r.Neurons(), "recording/select", seed)[:n], nil
	default:
		return r.ranked()[:n], nil
	}
}

func (r *Recording) listed(s Selection, n int) ([]int, error) {
	if n > len(s.cells) {
		return nil, fmt.Errorf("select %d cells: the list %q has %d", n, s, len(s.cells))
	}
	for _, cell := range s.cells[:n] {
		if cell >= r.Neurons() {
			return nil, fmt.Errorf("select %q: no cell %d: %s has cells 0 to %d", s, cell, r.name, r.Neurons()-1)
		}
	}
	return slices.Clone(s.cells[:n]), nil
}

// ranked returns all cells, the most active first, ties by number.
func (r *Recording) ranked() []int {
	spikes := make([]int, r.Neurons())
	for cell := range spikes {
		spikes[cell] = r.Spikes(cell)
	}
	cells := countUp(r.Neurons())
	slices.SortStableFunc(cells, func(a, b int) int { return cmp.Compare(spikes[b], spikes[a]) })
	return cells
}
