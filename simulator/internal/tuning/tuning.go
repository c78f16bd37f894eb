package tuning

import (
	"math"
	"reflect"
	"strconv"
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

// Choose fills table with the functions of the faster of two tables, but for those of the slower one
// that save a noticeable share of the time of use, which calls the functions in table. It returns the
// names of those that come from other.
func Choose[L any](table, other *L, use func()) (taken []string) {
	alternatives := *other
	loops := Loops(table, &alternatives)
	use() // so that code and data are in the caches
	isOther := swapIfFaster(use, 0, loops...)
	for _, l := range loops {
		if swapIfFaster(use, gain, l) != isOther {
			taken = append(taken, l.Name)
		}
	}
	return taken
}

// swapIfFaster swaps the loops, and reports that it did, if use then takes less time by a share above
// gain.
func swapIfFaster(use func(), gain float64, loops ...Loop) bool {
	swap := func() {
		for _, l := range loops {
			l.Swap()
		}
	}
	for _, n := range rounds {
		before, after := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
		for range n {
			before = min(before, timeOf(use))
			swap()
			after = min(after, timeOf(use))
			swap()
		}
		if float64(after) >= (1-gain)*float64(before) {
			return false
		}
	}
	swap()
	return true
}

func timeOf(use func()) time.Duration {
	start := time.Now()
	use()
	return time.Since(start)
}
