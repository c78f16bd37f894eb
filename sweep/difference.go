package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Difference is the first place where two encoded results differ.
type Difference struct {
	// Path is the place, such as "errors.k_probability" or "angles[0][1][2][0]". It is
	// "byte 17" if a body is not JSON or the decoded bodies are equal.
	Path string
	// First and Second are the values of the bodies there, "nothing" if one has none.
	First, Second string
}

// String describes the difference for people.
func (d Difference) String() string {
	return fmt.Sprintf("%s is %s and %s", d.Path, d.First, d.Second)
}

// FirstDifference compares two encoded results, key by key in sorted order, and
// returns the first value that differs, if the bodies are not equal.
func FirstDifference(first, second []byte) (d Difference, differ bool) {
	if bytes.Equal(first, second) {
		return Difference{}, false
	}
	a, aIsJSON := decodeLoosely(first)
	b, bIsJSON := decodeLoosely(second)
	if aIsJSON && bIsJSON {
		if d, differ = differenceAt("", a, b); differ {
			return d, true
		}
	}
	return firstByte(first, second), true
}

// decodeLoosely decodes any JSON value with all digits of its numbers.
func decodeLoosely(body []byte) (value any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	return value, !d.More()
}

func differenceAt(path string, a, b any) (Difference, bool) {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			return differenceOfObjects(path, a, b)
		}
	case []any:
		if b, ok := b.([]any); ok {
			return differenceOfLists(path, a, b)
		}
	default:
		if a == scalar(b) {
			return Difference{}, false
		}
	}
	return Difference{Path: path, First: brief(a), Second: brief(b)}, true
}

// scalar replaces a value that Go cannot compare by one that no scalar equals.
func scalar(value any) any {
	switch value.(type) {
	case map[string]any, []any:
		return struct{}{}
	default:
		return value
	}
}

func differenceOfObjects(path string, a, b map[string]any) (Difference, bool) {
	union := maps.Clone(a)
	maps.Copy(union, b)
	for _, key := range slices.Sorted(maps.Keys(union)) {
		place := key
		if path != "" {
			place = path + "." + key
		}
		inA, hasA := a[key]
		inB, hasB := b[key]
		if d, differ := differenceOfMembers(place, inA, inB, hasA, hasB); differ {
			return d, true
		}
	}
	return Difference{}, false
}

func differenceOfLists(path string, a, b []any) (Difference, bool) {
	at := func(list []any, i int) (any, bool) {
		if i < len(list) {
			return list[i], true
		}
		return nil, false
	}
	for i := range max(len(a), len(b)) {
		inA, hasA := at(a, i)
		inB, hasB := at(b, i)
		if d, differ := differenceOfMembers(fmt.Sprintf("%s[%d]", path, i), inA, inB, hasA, hasB); differ {
			return d, true
		}
	}
	return Difference{}, false
}

func differenceOfMembers(path string, a, b any, hasA, hasB bool) (Difference, bool) {
	const nothing = "nothing"
	switch {
	case hasA && hasB:
		return differenceAt(path, a, b)
	case hasA:
		return Difference{Path: path, First: brief(a), Second: nothing}, true
	default:
		return Difference{Path: path, First: nothing, Second: brief(b)}, true
	}
}

// briefBytes is the longest text of a value in a Difference.
const briefBytes = 40

func brief(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if len(text) > briefBytes {
		return string(bytes.ToValidUTF8(text[:briefBytes], nil)) + "…"
	}
	return string(text)
}

func firstByte(a, b []byte) Difference {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	at := func(body []byte) string {
		if i == len(body) {
			return "the end"
		}
		return fmt.Sprintf("%q", body[i:min(len(body), i+briefBytes/4)])
	}
	return Difference{Path: fmt.Sprintf("byte %d", i), First: at(a), Second: at(b)}
}
