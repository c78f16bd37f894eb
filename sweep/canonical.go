package sweep

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Canonical encodes the settings that decide a task's numbers, and no others, as
// JSON with sorted keys and no white space. Configurations with the same canonical
// form train the same model on the same recording.
//
//   - A setting that the configuration does not read is left out, such as
//     penalty_weight without a penalty, or k_loss with k = 0 (see Setting.When).
//   - The value of method is "samples" wherever [Configuration.Sampled] is true. The
//     setting samples is written only there.
//   - The settings source, select and clip, and the file's path, act only through
//     the recording's bits, whose digest is part of the task ID. The setting preset
//     is a label. The setting holdout is written, because with the seed it decides
//     which repeats are held out.
//   - A setting that is added to the table later is written only where it differs
//     from the value that all older tasks had (Setting.implied).
//
// It panics on a number that JSON cannot represent.
func Canonical(c Configuration) []byte { return canonicalForm.encode(c) }

// DecodeConfiguration decodes a canonical form. Settings that were left out get their
// defaults, so the outcome may differ from the encoded configuration in settings
// that it does not read. Any text but the canonical form of a valid configuration is
// an error.
func DecodeConfiguration(body []byte) (Configuration, error) {
	if c, ok := canonicalForm.read(body); ok && c.Validate() == nil && bytes.Equal(Canonical(c), body) {
		return c, nil
	}
	return decodeConfiguration(body)
}

// decodeConfiguration is DecodeConfiguration by package encoding/json.
func decodeConfiguration(body []byte) (Configuration, error) {
	c := oldest
	if err := decodeStrictly(body, &c); err != nil {
		return Configuration{}, fmt.Errorf("decode configuration: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Configuration{}, fmt.Errorf("decode configuration: %w", err)
	}
	if again := Canonical(c); !bytes.Equal(again, body) {
		return Configuration{}, fmt.Errorf("decode configuration: %.200q is not in canonical form, which is %.200q", body, again)
	}
	return c, nil
}

// RestoreConfiguration decodes a canonical form from a trusted source, such as the
// store. It is faster than DecodeConfiguration and validates less.
func RestoreConfiguration(body []byte) (Configuration, error) {
	if c, ok := canonicalForm.read(body); ok {
		return c, nil
	}
	return DecodeConfiguration(body)
}

// older returns the configuration whose settings have the values that a canonical
// form implies by leaving them out.
func older(table []Setting) Configuration {
	c := Default()
	for _, s := range table {
		if s.implied == nil {
			continue
		}
		if err := s.Set(&c, s.implied); err != nil {
			panic("sweep: the table's implied " + err.Error())
		}
	}
	return c
}

// decodeStrictly decodes exactly one JSON value, without unknown fields.
func decodeStrictly(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("unexpected text after the JSON value, at byte %d", d.InputOffset())
	}
	return nil
}

// form is the layout of the canonical form: the names in order. It is computed once,
// because a large sweep is encoded a million times.
type form []entry

// entry is a name with its value: a setting, a block of settings, or one of the two
// fields that are not settings and always written.
type entry struct {
	name    string
	key     string                   // the encoded name
	setting Setting                  // unless there is a block or a field
	block   []entry                  // its settings; nil without a block
	always  func(*Configuration) any // pointer to a field that is not a setting; nil without one
}

var canonicalForm = newForm(settings)

func newForm(table []Setting) form {
	top := []entry{
		{name: "model", always: func(c *Configuration) any { return &c.Model }},
		{name: "replicate", always: func(c *Configuration) any { return &c.Replicate }},
	}
	blocks := map[string][]entry{}
	for _, s := range table {
		if !s.outside {
			blocks[s.Block] = append(blocks[s.Block], entry{name: s.Name, setting: s})
		}
	}
	for name, block := range blocks {
		sortByName(block)
		if name == "" {
			top = append(top, block...)
		} else {
			top = append(top, entry{name: name, block: block})
		}
	}
	sortByName(top)
	return top
}

// sortByName also sets the keys of the entries.
func sortByName(entries []entry) {
	for i := range entries {
		entries[i].key = `"` + entries[i].name + `":`
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
}

// encode implements Canonical.
func (f form) encode(c Configuration) []byte {
	c = canonical(c)
	const usual = 1024 // bytes
	return appendEntries(make([]byte, 0, usual), f, &c)
}

// canonical returns a configuration with the same numbers and one value for settings with
// several that mean the same.
func canonical(c Configuration) Configuration {
	if c.Sampled() {
		c.Evaluation.Method = "samples"
	}
	return c
}

func appendEntries(to []byte, entries []entry, c *Configuration) []byte {
	to = append(to, '{')
	empty := len(to)
	for i := range entries {
		e := &entries[i]
		if !e.written(c) {
			continue
		}
		if len(to) > empty {
			to = append(to, ',')
		}
		to = append(to, e.key...)
		switch {
		case e.block != nil:
			to = appendEntries(to, e.block, c)
		case e.always != nil:
			to = appendValue(to, e.always(c))
		default:
			to = appendValue(to, e.setting.field(c))
		}
	}
	return append(to, '}')
}

// written reports whether the form has the entry.
func (e *entry) written(c *Configuration) bool {
	switch {
	case e.block != nil:
		for i := range e.block {
			if e.block[i].written(c) {
				return true
			}
		}
		return false
	case e.always != nil:
		return true
	default:
		s := &e.setting
		return s.ReadBy(*c) && (s.implied == nil || s.Value(*c) != s.implied)
	}
}

// appendValue appends the value of a field, to which it has a pointer.
func appendValue(to []byte, field any) []byte {
	switch p := field.(type) {
	case *int:
		return strconv.AppendInt(to, int64(*p), 10)
	case *uint64:
		return strconv.AppendUint(to, *p, 10)
	case *float64:
		return appendFinite(to, *p)
	}
	body, err := json.Marshal(field) // true, false or a text
	if err != nil {
		panic(fmt.Sprintf("sweep: a configuration that was not validated: %v", err))
	}
	return append(to, body...)
}

func appendFinite(to []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		panic(fmt.Sprintf("sweep: a configuration that was not validated: it holds %v", v))
	}
	return appendNumber(to, v)
}

// oldest has the values of settings that a canonical form leaves out.
var oldest = older(settings)

// read decodes the output of encode, several times as fast as encoding/json. It
// checks neither the values nor that the form is complete.
func (f form) read(body []byte) (c Configuration, ok bool) {
	c = oldest
	r := &canonicalReader{rest: body, ok: true}
	r.entries(f, &c)
	return c, r.ok && len(r.rest) == 0
}

func (r *canonicalReader) entries(entries []entry, c *Configuration) {
	r.literal(`{`)
	first := true
	for i := range entries {
		e := &entries[i]
		rest := r.rest
		if !first && !r.found(`,`) {
			break
		}
		if !r.found(e.key) {
			r.rest = rest
			continue
		}
		first = false
		switch {
		case e.block != nil:
			r.entries(e.block, c)
		case e.always != nil:
			r.value(e.always(c))
		default:
			r.value(e.setting.field(c))
		}
	}
	r.literal(`}`)
}

// value reads the value of a field, to which it has a pointer.
func (r *canonicalReader) value(field any) {
	switch p := field.(type) {
	case *int:
		*p = int(r.whole(math.MaxInt32))
	case *uint64:
		*p = r.whole(maxWhole)
	case *float64:
		*p = r.number()
	case *bool:
		if *p = r.found(`true`); !*p {
			r.literal(`false`)
		}
	case *string:
		*p = r.plain()
	}
}

// plain reads a string without escapes.
func (r *canonicalReader) plain() string {
	r.literal(`"`)
	n := bytes.IndexByte(r.rest, '"')
	if !r.ok || n < 0 || bytes.ContainsFunc(r.rest[:n], func(c rune) bool { return c < ' ' || c == '\\' || c >= 0x7f }) {
		r.ok = false
		return ""
	}
	text := string(r.rest[:n])
	r.rest = r.rest[n+1:]
	return text
}
