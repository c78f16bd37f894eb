package tuning

import (
	"slices"
	"testing"
	"time"
)

type table struct {
	shared func()
	slow   func()
	each   [2]func()
}

// TestChoose has two loops that wait longer than the others.
func TestChoose(t *testing.T) {
	wait := func(d time.Duration) func() {
		return func() {
			for start := time.Now(); time.Since(start) < d; {
			}
		}
	}
	short, long, shared := time.Microsecond, 200*time.Microsecond, func() {}
	here := table{shared, wait(long), [2]func(){wait(short), wait(long)}}
	other := table{shared, wait(short), [2]func(){wait(long), wait(short)}}
	kept := other
	taken := Choose(&here, &other, func() {
		here.slow()
		here.each[0]()
		here.each[1]()
	})
	if want := []string{"slow", "each1"}; !slices.Equal(taken, want) {
		t.Errorf("took %v, want %v", taken, want)
	}
	if l := Loops(&other, &kept); len(l) != 0 {
		t.Errorf("the other table was changed: %v", l)
	}
	var names []string
	for _, l := range Loops(&here, &other) {
		names = append(names, l.Name)
	}
	if want := []string{"each0"}; !slices.Equal(names, want) {
		t.Errorf("the tables differ in %v, want %v", names, want)
	}
}
