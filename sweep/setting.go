package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Setting describes one setting of a [Configuration]. Its values are float64, bool
// or string. A whole number is a float64, too, below 2⁵³.
type Setting struct {
	Name    string   // in a grid file, in JSON, and as a column of results.csv
	Block   string   // its block in a grid file; "" is the sweep block itself
	Default any      // float64, bool or string
	Range   Range    // of a number
	Values  []string // allowed texts
	Doc     string   // one line
	When    string   // a condition, as in a grid file, for the configurations that read it; "" is all

	field   func(*Configuration) any // pointer to int, uint64, float64, bool or string
	reads   func(Configuration) bool // When, as a function; nil is always
	pattern *pattern                 // of further allowed texts; nil is none
	outside bool                     // whether Canonical leaves it out
	implied any                      // value in tasks older than the setting; nil if there are none
}

// pattern allows texts that cannot be listed.
type pattern struct {
	words  string // describes the texts, after "must be"
	admits func(string) bool
}

// Kind is the type of a setting's values, as error messages name it.
type Kind string

// The kinds of settings.
const (
	Whole   Kind = "a whole number"
	Real    Kind = "a number"
	Boolean Kind = "true or false"
	Text    Kind = "a text in quotes"
)

// anyConfiguration serves only to find the types of fields.
var anyConfiguration Configuration

// Kind returns the type of the setting's values.
func (s Setting) Kind() Kind {
	switch s.field(&anyConfiguration).(type) {
	case *int, *uint64:
		return Whole
	case *float64:
		return Real
	case *bool:
		return Boolean
	default:
		return Text
	}
}

// Value returns the setting's value in a configuration.
func (s Setting) Value(c Configuration) any {
	switch p := s.field(&c).(type) {
	case *int:
		return float64(*p)
	case *uint64:
		return float64(*p)
	case *float64:
		return *p
	case *bool:
		return *p
	default:
		return *p.(*string)
	}
}

// Set checks a value and sets it in a configuration. On error it leaves the
// configuration unchanged.
func (s Setting) Set(c *Configuration, value any) error {
	if err := s.Check(value); err != nil {
		return err
	}
	switch p := s.field(c).(type) {
	case *int:
		*p = int(value.(float64))
	case *uint64:
		*p = uint64(value.(float64))
	case *float64:
		*p = value.(float64) + 0 // −0 becomes 0, so that both are one task
	case *bool:
		*p = value.(bool)
	case *string:
		*p = value.(string)
	}
	return nil
}

// Check returns an error if the value is not allowed. It names the setting, the value
// and the allowed values.
func (s Setting) Check(value any) error {
	if s.admits(value) {
		return nil
	}
	return fmt.Errorf("%s = %s: must be %s", s.Name, Format(value), s.Allowed())
}

func (s Setting) admits(value any) bool {
	switch v := value.(type) {
	case float64:
		return (s.Kind() == Real || s.Kind() == Whole && v == math.Trunc(v)) && s.Range.Contains(v)
	case bool:
		return s.Kind() == Boolean
	case string:
		return s.Kind() == Text && (slices.Contains(s.Values, v) || s.pattern != nil && s.pattern.admits(v))
	default:
		return false
	}
}

// Allowed describes the allowed values, after "must be".
func (s Setting) Allowed() string {
	switch s.Kind() {
	case Whole, Real:
		return string(s.Kind()) + " " + s.Range.String()
	case Boolean:
		return string(Boolean)
	case Text:
		return s.alternatives()
	}
	return ""
}

// alternatives describes the allowed texts.
func (s Setting) alternatives() string {
	if s.pattern != nil {
		return Alternatives(s.Values, s.pattern.words)
	}
	return Alternatives(s.Values)
}

// Alternatives joins names and further words as "a", "b" or further words.
func Alternatives(names []string, further ...string) string {
	var words []string
	for _, name := range names {
		words = append(words, strconv.Quote(name))
	}
	words = append(words, further...)
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// ReadBy reports whether a configuration's numbers depend on the setting. If not, its
// value does not change the task.
func (s Setting) ReadBy(c Configuration) bool {
	return (s.reads == nil || s.reads(c)) && s.ReadByModel(c.Model)
}

// Format formats a setting's value as in a grid file: the shortest number that reads
// back the same, true or false, or a quoted text.
func Format(value any) string {
	switch v := value.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= maxWhole {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return strconv.Quote(v)
	default:
		return fmt.Sprint(v)
	}
}

// maxWhole is 2⁵³ − 1, the largest whole number that every reader of JSON preserves.
const maxWhole = 1<<53 - 1

// The magnitudes of numbers that training can hold in float32.
const (
	smallest = 1e-37
	largest  = 1e37
)

// Range is an interval of numbers.
type Range struct {
	Low, High float64
	OpenHigh  bool // whether the range excludes High
}

func between(low, high float64) Range { return Range{Low: low, High: high} }
func share() Range                    { return Range{Low: 0, High: 1, OpenHigh: true} }

// Contains reports whether a number is in the range; NaN never is.
func (r Range) Contains(v float64) bool {
	return v >= r.Low && (v < r.High || v == r.High && !r.OpenHigh)
}

// String describes the range, such as "from 1 to 16".
func (r Range) String() string {
	to := " to "
	if r.OpenHigh {
		to = " to below "
	}
	return "from " + Format(r.Low) + to + Format(r.High)
}
