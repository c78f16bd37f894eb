package tuning

import (
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"
	"unsafe"
)

// Loop is a function that differs between two tables.
type Loop struct {
	Name      string // of the field, with the index in an array
	here, far reflect.Value
}

// Loops returns the functions that differ between two structs of functions and arrays of functions.
func Loops[L any](table, other *L) []Loop {
	return loops("", reflect.ValueOf(table).Elem(), reflect.ValueOf(other).Elem())
}

func loops(name string, a, b reflect.Value) (differ []Loop) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			differ = append(differ, loops(a.Type().Field(i).Name, a.Field(i), b.Field(i))...)
		}
	case reflect.Array:
		for i := range a.Len() {
			differ = append(differ, loops(name+strconv.Itoa(i), a.Index(i), b.Index(i))...)
		}
	default:
		if a.Pointer() != b.Pointer() {
			differ = append(differ, Loop{name, settable(a), settable(b)})
		}
	}
	return differ
}

// settable returns a value that may be set although its field is unexported.
func settable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// Swap exchanges the two functions.
func (l Loop) Swap() {
	here := reflect.ValueOf(l.here.Interface())
	l.here.Set(l.far)
	l.far.Set(here)
}

// rounds holds the numbers of timings of each alternative in the trials that a swap must pass. The
// shortest timings count, because the others may have been interrupted; on a busy machine even they
// mislead, but seldom in every trial.
var rounds = []int{7, 15, 31}

// gain is the share of the time that a function must save to be taken from the slower table.
const gain = 0.01

// Choice is a mixture of two tables, which is made when it is first needed.
type Choice[L any] struct {
	once  sync.Once
	Table L
	Taken []string // names of the functions from the second table
}

// Once calls choose in its first call, and returns the choice.
func (c *Choice[L]) Once(choose func(*Choice[L])) *Choice[L] {
	c.once.Do(func() { choose(c) })
	return c
}

// Between copies the faster of two tables into Table. It then takes single functions from the slower
// one if each saves more than gain of the time of use, which calls the functions in Table. now is the
// clock.
func (c *Choice[L]) Between(first, second L, use func(), now func() time.Time) {
	c.Table = first
	loops := Loops(&c.Table, &second)
	t := timer{use, now}
	t.time() // so that code and data are in the caches
	isSecond := t.swapIfFaster(0, loops...)
	for _, l := range loops {
		if t.swapIfFaster(gain, l) != isSecond {
			c.Taken = append(c.Taken, l.Name)
		}
	}
}

// timer measures calls of use.
type timer struct {
	use func()
	now func() time.Time
}

func (t timer) time() time.Duration {
	start := t.now()
	t.use()
	return t.now().Sub(start)
}

// swapIfFaster swaps the loops, and reports that it did, if use then takes less time by a share above
// gain.
func (t timer) swapIfFaster(gain float64, loops ...Loop) bool {
	swap := func() {
		for _, l := range loops {
			l.Swap()
		}
	}
	for _, n := range rounds {
		before, after := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
		for range n {
			before = min(before, t.time())
			swap()
			after = min(after, t.time())
			swap()
		}
		if float64(after) >= (1-gain)*float64(before) {
			return false
		}
	}
	swap()
	return true
}
