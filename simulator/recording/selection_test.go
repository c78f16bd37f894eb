package recording

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// counting returns a recording of 5 neurons that fire in 3, 9, 0, 9 and 5 of 10
// bins.
func counting(t *testing.T) *Recording {
	t.Helper()
	spikes := []int{3, 9, 0, 9, 5}
	r, err := New("counting", 2, len(spikes), 5, func(repeat, neuron, bin int) bool { return 5*repeat+bin < spikes[neuron] })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseSelection(t *testing.T) {
	for _, test := range []struct{ text, canonical string }{
		{"most_active", "most_active"},
		{" first ", "first"},
		{"random", "random"},
		{"50,2,16", "50,2,16"},
		{" 7 , 0", "7,0"},
		{"3", "3"},
	} {
		s, err := ParseSelection(test.text)
		if err != nil || s.String() != test.canonical {
			t.Errorf("ParseSelection(%q) = %q, %v; want %q", test.text, s, err, test.canonical)
		}
		again, err := ParseSelection(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q is read again as %q, %v", s, again, err)
		}
	}
	for text, want := range map[string]string{
		"":            `select "": want "most_active", "first", "random", or neuron IDs`,
		"most-active": `select "most-active": want`,
		"1,,2":        `select "1,,2": want`,
		"1,-2":        `select "1,-2": want`,
		"1;2":         `select "1;2": want`,
		"list":        `select "list": want`,
		"4,7,4":       `select "4,7,4": neuron 4 is named twice`,
	} {
		_, err := ParseSelection(text)
		requireError(t, err, want)
	}
	if got := (Selection{}).String(); got != "most_active" {
		t.Errorf("the zero Selection is %q", got)
	}
}

func TestSelect(t *testing.T) {
	r := counting(t)
	tests := []struct {
		selection string
		n         int
		want      []int
		err       string
	}{
		{selection: "most_active", n: 5, want: []int{1, 3, 4, 0, 2}},
		{selection: "most_active", n: 1, want: []int{1}},
		{selection: "first", n: 3, want: []int{0, 1, 2}},
		{selection: "4,0,2", n: 3, want: []int{4, 0, 2}},
		{selection: "4,0,2", n: 2, want: []int{4, 0}},
		{selection: "4,0,2", n: 4, err: `select 4 neurons: the list "4,0,2" has 3`},
		{selection: "4,5", n: 2, err: `no neuron 5: counting has neurons 0 to 4`},
		{selection: "first", n: 6, err: "select 6 neurons: counting has 5"},
		{selection: "most_active", n: 0, err: "select 0 neurons: want 1 to 20"},
		{selection: "most_active", n: 21, err: "select 21 neurons: want 1 to 20"},
	}
	for _, test := range tests {
		s, err := ParseSelection(test.selection)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Select(s, test.n, 1)
		if test.err != "" {
			requireError(t, err, test.err)
			continue
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s, %d neurons: %v, %v; want %v", test.selection, test.n, got, err, test.want)
		}
	}
}

func TestSelectRandomIsUniform(t *testing.T) {
	r := counting(t)
	s, err := ParseSelection("random")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		seed, n := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 5).Draw(t, "n")
		some, err := r.Select(s, n, seed)
		if err != nil {
			t.Fatal(err)
		}
		all, err := r.Select(s, 5, seed)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(some, all[:n]) {
			t.Fatalf("%d neurons %v are not the first of %v", n, some, all)
		}
		slices.Sort(all)
		if !slices.Equal(all, []int{0, 1, 2, 3, 4}) {
			t.Fatalf("chosen: %v", all)
		}
	})
	// Each neuron comes first equally often: 400 ± 4 sd of 18.
	var first [5]int
	for seed := range uint64(2000) {
		ids, err := r.Select(s, 1, seed)
		if err != nil {
			t.Fatal(err)
		}
		first[ids[0]]++
	}
	for id, n := range first {
		if n < 328 || n > 472 {
			t.Errorf("neuron %d came first %d times of 2000", id, n)
		}
	}
}
