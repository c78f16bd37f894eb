package recording

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/simulator/random"
)

// MaxNeurons is the largest number of neurons in a Raster.
const MaxNeurons = 20

// Selection is a rule that selects neurons of a recording. The zero Selection
// is the default, the most active neurons.
type Selection struct {
	rule rule
	ids  []int // of byNumber
}

type rule string

const (
	mostActive rule = ""
	first      rule = "first"
	atRandom   rule = "random"
	byNumber   rule = "list"
)

// ParseSelection reads "most_active", "first", "random", or a list of distinct
// neuron IDs counted from 0, such as "50,2,16".
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
		id, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || id < 0 {
			return Selection{}, fmt.Errorf(`select %q: want "most_active", "first", "random", or neuron IDs counted from 0 such as "50,2,16"`, s)
		}
		if slices.Contains(selection.ids, id) {
			return Selection{}, fmt.Errorf("select %q: neuron %d is named twice", s, id)
		}
		selection.ids = append(selection.ids, id)
	}
	return selection, nil
}

// String returns the selection as ParseSelection reads it.
func (s Selection) String() string {
	switch s.rule {
	case mostActive:
		return "most_active"
	case byNumber:
		numbers := make([]string, len(s.ids))
		for i, id := range s.ids {
			numbers[i] = strconv.Itoa(id)
		}
		return strings.Join(numbers, ",")
	default:
		return string(s.rule)
	}
}

// Select returns the IDs of n neurons in the order that Raster keeps. n must be
// at most MaxNeurons, r.Neurons and the length of a list. For one selection and
// seed a smaller n returns a prefix of a larger one. Only "random" uses the seed.
func (r *Recording) Select(s Selection, n int, seed uint64) ([]int, error) {
	if n < 1 || n > MaxNeurons {
		return nil, fmt.Errorf("select %d neurons: want 1 to %d", n, MaxNeurons)
	}
	if n > r.Neurons() {
		return nil, fmt.Errorf("select %d neurons: %s has %d", n, r.name, r.Neurons())
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
	if n > len(s.ids) {
		return nil, fmt.Errorf("select %d neurons: the list %q has %d", n, s, len(s.ids))
	}
	for _, id := range s.ids[:n] {
		if id >= r.Neurons() {
			return nil, fmt.Errorf("select %q: no neuron %d: %s has neurons 0 to %d", s, id, r.name, r.Neurons()-1)
		}
	}
	return slices.Clone(s.ids[:n]), nil
}

// ranked returns all neuron IDs, most active first; the lower ID breaks a tie.
func (r *Recording) ranked() []int {
	spikes := make([]int, r.Neurons())
	for id := range spikes {
		spikes[id] = r.Spikes(id)
	}
	ids := countUp(r.Neurons())
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(spikes[b], spikes[a]) })
	return ids
}

// countUp returns 0 … n−1.
func countUp(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// permutation returns 0 … n−1 in a random order that depends only on the purpose
// and the seed (Fisher & Yates, from the front).
func permutation(n int, purpose random.Purpose, seed uint64) []int {
	order := countUp(n)
	g := random.Training{Seed: seed}.Stream(purpose).At(0, 0)
	for i := range order {
		j := i + g.IntN(n-i)
		order[i], order[j] = order[j], order[i]
	}
	return order
}
