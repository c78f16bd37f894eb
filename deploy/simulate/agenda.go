package simulate

import (
	"container/heap"
	"time"
)

// agenda is what will happen, by time and then in the order of its entry.
type agenda struct {
	entries entries
	entered uint64
}

type entry struct {
	at    time.Time
	order uint64
	do    func()
}

func (a *agenda) add(at time.Time, do func()) {
	a.entered++
	heap.Push(&a.entries, entry{at, a.entered, do})
}

// next removes what comes first. The agenda must not be empty.
func (a *agenda) next() entry { return heap.Pop(&a.entries).(entry) }

type entries []entry

func (e entries) Len() int      { return len(e) }
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *entries) Push(x any)   { *e = append(*e, x.(entry)) }

func (e entries) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}

func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry{}
	*e = (*e)[:last]
	return x
}
