package sweep_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"spiqsweep/sweep"
)

func TestFirstDifference(t *testing.T) {
	for name, test := range map[string]struct{ first, second, want string }{
		"a number":             {`{"a":1,"errors":{"k":0.5}}`, `{"a":1,"errors":{"k":0.25}}`, "errors.k is 0.5 and 0.25"},
		"the last digit":       {`{"k":0.10000000000000001}`, `{"k":0.1}`, "k is 0.10000000000000001 and 0.1"},
		"in the order of keys": {`{"b":1,"a":[1,2]}`, `{"b":2,"a":[1,3]}`, "a[1] is 2 and 3"},
		"deep in lists":        {`{"angles":[[[[1,2]]]]}`, `{"angles":[[[[1,3]]]]}`, "angles[0][0][0][1] is 2 and 3"},
		"a longer list":        {`{"a":[1]}`, `{"a":[1,7]}`, "a[1] is nothing and 7"},
		"a missing key":        {`{"a":1,"b":{"c":1}}`, `{"a":1}`, `b is {"c":1} and nothing`},
		"another kind":         {`{"a":1}`, `{"a":[1]}`, "a is 1 and [1]"},
		"an object for a list": {`{"a":{}}`, `{"a":[]}`, "a is {} and []"},
		"the same in words":    {`{"a":1}`, `{"a": 1}`, `byte 5 is "1}" and " 1}"`},
		"no JSON":              {`{"a":1}`, `{"a"`, `byte 4 is ":1}" and the end`},
		"something behind":     {`{"a":1}`, `{"a":1}{}`, `byte 7 is the end and "{}"`},
	} {
		d, differ := sweep.FirstDifference([]byte(test.first), []byte(test.second))
		if !differ || d.String() != test.want {
			t.Errorf("%s: %v, %q: want %q", name, differ, d, test.want)
		}
	}
	if d, differ := sweep.FirstDifference([]byte("{"), []byte("{")); differ {
		t.Errorf("equal bodies differ at %s", d)
	}
}

// FuzzFirstDifference checks that two bodies have a difference exactly if they are
// not equal, and that it is symmetric.
func FuzzFirstDifference(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":2}]}`), []byte(`{"a":[1,{"b":3}]}`))
	f.Add([]byte(`[]`), []byte(`{}`))
	f.Add([]byte(`null`), []byte(``))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		d, differ := sweep.FirstDifference(a, b)
		if differ == bytes.Equal(a, b) {
			t.Fatalf("differ: %v", differ)
		}
		back, _ := sweep.FirstDifference(b, a)
		if back.Path != d.Path || back.First != d.Second || back.Second != d.First {
			t.Fatalf("%q one way, %q the other", d, back)
		}
		if differ && json.Valid(a) && json.Valid(b) && d.First == d.Second && !strings.HasSuffix(d.First, "…") {
			t.Fatalf("no difference: %q", d)
		}
	})
}
