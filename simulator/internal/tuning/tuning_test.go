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

// TestBetween has loops that move the clock. The first table is the faster one, but for two loops, of
// which one saves too little.
func TestBetween(t *testing.T) {
	var clock time.Time
	takes := func(d time.Duration) func() { return func() { clock = clock.Add(d) } }
	shared := func() {}
	first := table{shared, takes(300), [2]func(){takes(100), takes(10000)}}
	second := table{shared, takes(100), [2]func(){takes(1000), takes(9999)}}
	var c Choice[table]
	chosen := c.Once(func(c *Choice[table]) {
		c.Between(first, second, func() {
			c.Table.shared()
			c.Table.slow()
			c.Table.each[0]()
			c.Table.each[1]()
		}, func() time.Time { return clock })
	})
	if want := []string{"slow"}; !slices.Equal(chosen.Taken, want) {
		t.Errorf("took %v from the slower table, want %v", chosen.Taken, want)
	}
	var names []string
	for _, l := range Loops(&chosen.Table, &first) {
		names = append(names, l.Name)
	}
	if !slices.Equal(names, chosen.Taken) {
		t.Errorf("the choice differs from the faster table in %v, want %v", names, chosen.Taken)
	}
	if c.Once(func(*Choice[table]) { t.Error("chose again") }) != chosen {
		t.Error("another choice")
	}
}

// TestBetweenTakesTheFasterTable has a second table that is the faster one.
func TestBetweenTakesTheFasterTable(t *testing.T) {
	var clock time.Time
	takes := func(d time.Duration) func() { return func() { clock = clock.Add(d) } }
	var c Choice[table]
	c.Between(table{slow: takes(3), each: [2]func(){takes(1), takes(1)}}, table{slow: takes(1), each: [2]func(){takes(1), takes(2)}}, func() {
		c.Table.slow()
		c.Table.each[0]()
		c.Table.each[1]()
	}, func() time.Time { return clock })
	if want := []string{"slow", "each0"}; !slices.Equal(c.Taken, want) {
		t.Errorf("took %v, want %v: each1 of the first table saves a quarter", c.Taken, want)
	}
}
