package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Setting describes one setting of a [Configuration]. Its values travel as
// float64 (whole numbers too: none exceeds 2⁵³), bool or string.
type Setting struct {
	Name     string   // in a grid file, in JSON, and as a column of results.csv
	Block    string   // the block of a grid file that it stands in; "" is the sweep block itself
	Default  any      // float64, bool or string
	Range    Range    // of a number
	Values   []string // that a text may take
	Reserved []string // values that are named in the design but not available in this version
	Doc      string   // one line
	When     string   // which configurations read it, as a condition of a grid file; "" is all

	field   func(*Configuration) any // pointer to int, uint64, float64, bool or string
	reads   func(Configuration) bool // When, as a function; nil: always
	pattern *pattern                 // further texts, beside Values; nil: none
	outside bool                     // not part of a task's identity by itself (see Canonical)
	implied any                      // value of all tasks older than the setting; nil in settings of the first version
}

// pattern admits texts that cannot be listed.
type pattern struct {
	words  string // what they are, to follow "must be"
	admits func(string) bool
}

// Kind names the type of a setting's values, in the words of an error message.
type Kind string

// The kinds of settings.
const (
	Whole   Kind = "a whole number"
	Real    Kind = "a number"
	Boolean Kind = "true or false"
	Text    Kind = "a text in quotes"
)

// anyConfiguration is only asked for the types of its fields.
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

// Set checks a value and puts it into a configuration; on error the
// configuration stays as it is.
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
		*p = value.(float64) + 0 // −0 becomes 0: one value must be one task
	case *bool:
		*p = value.(bool)
	case *string:
		*p = value.(string)
	}
	return nil
}

// Check says whether the setting may take the value. Its error names the
// setting, the value, and what is allowed.
func (s Setting) Check(value any) error {
	if s.admits(value) {
		return nil
	}
	if text, ok := value.(string); ok && slices.Contains(s.Reserved, text) {
		return fmt.Errorf("%s = %q is not available in this version: must be %s", s.Name, text, s.Allowed())
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

// Allowed describes the values that the setting may take, to follow "must be".
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

// alternatives joins the allowed texts as "a", "b" or "c".
func (s Setting) alternatives() string {
	var words []string
	for _, v := range s.Values {
		words = append(words, strconv.Quote(v))
	}
	if s.pattern != nil {
		words = append(words, s.pattern.words)
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// ReadBy says whether a configuration's numbers depend on the setting. One that
// is not read may take any value without making another task.
func (s Setting) ReadBy(c Configuration) bool { return s.reads == nil || s.reads(c) }

// Format writes a setting's value as it stands in a grid file: the shortest
// number that reads back the same, true or false, or a quoted text.
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
