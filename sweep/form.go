package sweep

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// form is how a table of settings is written in canonical form. It is worked out
// once, since a large sweep writes it a million times.
type form []entry

// entry is a name and what stands under it: a setting, a block of settings, or
// one of the two fields that are always written and are no settings.
type entry struct {
	name    string
	key     string                   // the name as it is written
	setting Setting                  // with a field, unless there is a block
	block   []entry                  // its settings; nil: no block
	always  func(*Configuration) any // pointer to a field that is no setting; nil: none
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

// sortByName also gives the entries their keys.
func sortByName(entries []entry) {
	for i := range entries {
		entries[i].key = `"` + entries[i].name + `":`
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
}

// encode writes a configuration. It panics on a number that JSON has not.
func (f form) encode(c Configuration) []byte {
	if c.Sampled() {
		c.Evaluation.Method = "samples"
	}
	const usual = 1024 // bytes
	return appendEntries(make([]byte, 0, usual), f, &c)
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

// written says whether anything stands under the entry's name.
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
		return (s.reads == nil || s.reads(*c)) && (s.implied == nil || s.Value(*c) != s.implied)
	}
}

// appendValue writes what a pointer to a field points to.
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

// oldest is the configuration that holds wherever nothing is written.
var oldest = older(settings)

// read reads what encode wrote, several times as fast as encoding/json. It checks
// neither values nor that all is written that should be.
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

// value reads into a field.
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

// plain reads a text without anything that would be escaped.
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
