package grid

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"spiqsweep/sweep"
)

func mustParse(t testing.TB, source string) *Grid {
	t.Helper()
	g, diagnostics := Parse(filepath.Join("grids", "test.hcl"), []byte(source), nil)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics.Error())
	}
	return g
}

// Any setting can be fixed, in its block, or swept.
func TestEverySettingIsUnderstood(t *testing.T) {
	for _, s := range sweep.Settings() {
		value := anotherValue(s)
		if value == nil {
			continue // one value only
		}
		written, block := sweep.Format(value), fmt.Sprintf("%s = %s", s.Name, sweep.Format(value))
		if s.Block != "" {
			block = fmt.Sprintf("%s {\n%s\n}", s.Block, block)
		}
		g, _ := Parse("test.hcl", fmt.Appendf(nil, "sweep \"a\" {\n%s\n}", block), nil)
		if g == nil || s.Value(g.Cells[0]) != value {
			t.Errorf("%s = %s, fixed: got %+v", s.Name, written, g)
		}
		// Where nothing reads the setting by default, the axis is refused: another makes it read.
		reader := map[string]string{
			"auxiliary_readout": "auxiliary = [1]", "clip_bound": `constraint = ["clip"]`,
			"k_loss": "k = [1]", "samples": `method = ["samples"]`,
		}[s.Name]
		g = mustParse(t, fmt.Sprintf("sweep \"a\" {\ngrid {\n%s = [%s, %s]\n%s\n}\n}", s.Name, sweep.Format(s.Default), written, reader))
		var got []any
		for _, c := range g.Cells {
			got = append(got, s.Value(c))
		}
		if diff := cmp.Diff([]any{s.Default, value}, got); diff != "" {
			t.Errorf("%s, swept (-want +got):\n%s", s.Name, diff)
		}
	}
}

// anotherValue returns a value that is allowed and not the default, nil if there is none.
func anotherValue(s sweep.Setting) any {
	candidates := []any{true, 0.5, 1.0, 3.0, 200.0}
	for _, v := range s.Values {
		candidates = append(candidates, v)
	}
	for _, v := range candidates {
		if v != s.Default && s.Check(v) == nil {
			return v
		}
	}
	return nil
}

// Cells are nested loops, the first axis outermost, whatever the axes are.
func TestGridOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.Permutation([]string{"neurons", "k", "entangler", "steps", "final_encoding"}).Draw(t, "axes")
		names = names[:rapid.IntRange(1, len(names)).Draw(t, "count")]
		replicates := rapid.IntRange(1, 3).Draw(t, "replicates")
		want := []string{""}
		source := fmt.Sprintf("sweep \"a\" {\nreplicates = %d\ngrid {\n", replicates)
		for _, name := range names {
			values := drawAxis(t, name)
			source += fmt.Sprintf("%s = [%s]\n", name, strings.Join(values, ", "))
			var finer []string
			for _, cell := range want {
				for _, v := range values {
					finer = append(finer, cell+" "+v)
				}
			}
			want = finer
		}
		g, diagnostics := Parse("test.hcl", []byte(source+"}\n}\n"), nil)
		if diagnostics.Len() > 0 {
			t.Fatal(diagnostics.Error())
		}
		var got []string
		for _, c := range g.Cells {
			cell := ""
			for _, axis := range g.Axes {
				cell += " " + sweep.Format(axis.Setting.Value(c))
			}
			got = append(got, cell)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s(-want +got):\n%s", source, diff)
		}
		if g.Tasks() != len(want)*replicates {
			t.Fatalf("%d tasks, want %d cells × %d replicates", g.Tasks(), len(want), replicates)
		}
	})
}

func drawAxis(t *rapid.T, name string) []string {
	all := map[string][]string{
		"neurons": {"2", "4", "16"}, "k": {"0", "0.5", "1"}, "entangler": {`"chain"`, `"none"`},
		"steps": {"1", "2000"}, "final_encoding": {"true", "false"},
	}[name]
	values := rapid.Permutation(all).Draw(t, name)
	return values[:rapid.IntRange(1, len(values)).Draw(t, "length")]
}

// The condition that documents when a setting is read is the one that the
// canonical form applies.
func TestWhenIsWhatIsRead(t *testing.T) {
	g := mustParse(t, `sweep "a" {
		grid {
			auxiliary       = [0, 1]
			noise           = ["shared", "per_qubit", "none"]
			noise_per_layer = [true, false]
			constraint      = ["one_sided", "two_sided", "none", "clip"]
			k               = [0, 1]
			method          = ["exact", "samples"]
			timesteps       = [8, 9]
		}
	}`)
	for _, s := range sweep.Settings() {
		if s.When == "" {
			continue
		}
		condition, faults := hclsyntax.ParseExpression([]byte(s.When), s.Name, hcl.InitialPos)
		if faults.HasErrors() {
			t.Errorf("%s: When = %s: %v", s.Name, s.When, faults)
			continue
		}
		d := &declaration{scope: newScope(nil)}
		for _, c := range g.Cells {
			read, faults := d.excluded(condition, settingsIn(condition), c)
			if faults.HasErrors() || read != s.ReadBy(c) {
				t.Fatalf("%s: %s is %v at %+v, but ReadBy says otherwise: %v", s.Name, s.When, read, c, faults)
			}
		}
	}
}

func TestColumns(t *testing.T) {
	g := mustParse(t, `sweep "a" {
		grid {
			steps     = [1, 2]
			k         = [0, 1]
			neurons   = [2]
			timesteps = [1]
			noise     = ["none", "shared"]
		}
	}`)
	var got []string
	for _, column := range g.Columns() {
		got = append(got, column.Name)
	}
	if diff := cmp.Diff([]string{"steps", "noise"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResolveRecording(t *testing.T) {
	surrogate := `sweep "a" {
	}`
	file := `sweep "a" {
		recording {
			source = "file"
		}
	}`
	path := `sweep "a" {
		recording {
			path = "data/x.mat"
		}
	}`
	absolute := `sweep "a" {
		recording {
			source = "file"
			path   = "/data/x.mat"
		}
	}`
	both := `sweep "a" {
		recording {
			path = "x.mat"
		}
		grid {
			source = ["surrogate", "file"]
		}
	}`
	for _, test := range []struct {
		name, source, commandLine string
		want                      string
		sources                   []string
		wantError                 string
	}{
		{name: "surrogate", source: surrogate, sources: []string{"surrogate"}},
		{name: "overridden surrogate", source: surrogate, commandLine: "y.mat", want: "y.mat", sources: []string{"file"}},
		{
			name: "no file", source: file, sources: []string{"file"},
			wantError: `grids/test.hcl:3: source = "file" names no file: give it with --recording FILE, or write path = "…" beside source`,
		},
		{name: "file", source: file, commandLine: "y.mat", want: "y.mat", sources: []string{"file"}},
		{name: "path beside the grid file", source: path, want: "grids/data/x.mat", sources: []string{"file"}},
		{name: "path overridden", source: path, commandLine: "./y.mat", want: "y.mat", sources: []string{"file"}},
		{name: "absolute path", source: absolute, want: "/data/x.mat", sources: []string{"file"}},
		{name: "swept", source: both, want: "grids/x.mat", sources: []string{"surrogate", "file"}},
		{name: "swept, overridden", source: both, commandLine: "y.mat", want: "y.mat", sources: []string{"surrogate", "file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := mustParse(t, test.source)
			got, err := g.ResolveRecording(test.commandLine)
			if message := fmt.Sprint(err); err != nil && filepath.ToSlash(message) != test.wantError {
				t.Errorf("got error %s, want %s", message, test.wantError)
			}
			if err == nil && test.wantError != "" {
				t.Errorf("no error, want %s", test.wantError)
			}
			if filepath.ToSlash(got) != test.want {
				t.Errorf("got path %q, want %q", got, test.want)
			}
			var sources []string
			for _, c := range g.Cells {
				sources = append(sources, c.Recording.Source)
			}
			if diff := cmp.Diff(test.sources, sources); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"bytes", strings.Repeat("#", maxBytes+1), "65537 bytes are too many: must be at most 65536"},
		{"brackets", "a = " + strings.Repeat("[", maxBytes/2), "brackets may stand at most 64 deep inside each other"},
		{"templates", "a = " + strings.Repeat(`"${`, maxBytes/4), "brackets may stand at most 64 deep inside each other"},
		{"blocks", strings.Repeat("a {\n", maxBytes/8), "brackets may stand at most 64 deep inside each other"},
	} {
		g, diagnostics := Parse("test.hcl", []byte(test.source), nil)
		if g != nil || diagnostics.Len() != 1 || !strings.Contains(diagnostics.Error(), test.want) {
			t.Errorf("%s: got %s", test.name, diagnostics.Error())
		}
	}
	fits := "sweep \"a\" {\nseed = " + strings.Repeat("(", maxNesting-1) + "1" + strings.Repeat(")", maxNesting-1) + "\n}\n"
	mustParse(t, fits)
	mustParse(t, fits+strings.Repeat("#", maxBytes-len(fits)))
}

func TestTaskLimit(t *testing.T) {
	source := []byte("sweep \"a\" {\nreplicates = 3\ngrid {\nneurons = [2, 4]\n}\n}\n")
	if g, faults := parse("test.hcl", source, nil, 6); faults.HasErrors() || g.Tasks() != 6 {
		t.Errorf("at the limit: %v", faults)
	}
	if _, faults := parse("test.hcl", source, nil, 5); !faults.HasErrors() {
		t.Error("beyond the limit: accepted")
	}
}

func TestLastWrittenSettingIsBlamed(t *testing.T) {
	_, diagnostics := Parse("test.hcl", []byte(`sweep "a" {
		circuit {
			auxiliary = 8
		}
		neurons = 16
	}`), nil)
	if got := diagnostics.Error(); !strings.Contains(got, "test.hcl:5:3") {
		t.Errorf("got %s, want line 5", got)
	}
}

func TestConditionOfFaultyVariable(t *testing.T) {
	_, diagnostics := Parse("test.hcl", []byte(`
		variable "limit" {
		}
		sweep "a" {
			exclude {
				when = neurons > var.limit
			}
		}`), nil)
	if diagnostics.Len() != 1 || !strings.Contains(diagnostics.Error(), "the variable has no default") {
		t.Errorf("got %s, want the variable's fault alone", diagnostics.Error())
	}
}

func TestFaultyAxisHidesWhatDependsOnIt(t *testing.T) {
	for _, source := range []string{
		"sweep \"a\" {\ngrid {\nk = [-1]\nk_loss = [\"square\", \"absolute\"]\n}\n}",
		"sweep \"a\" {\ngrid {\nk = [-1]\n}\nexclude {\nwhen = k == 0\n}\n}",
	} {
		_, diagnostics := Parse("test.hcl", []byte(source), nil)
		if diagnostics.Len() != 1 || !strings.Contains(diagnostics.Error(), "k = -1") {
			t.Errorf("%s:\n%s, want the fault of k alone", source, diagnostics.Error())
		}
	}
}

func TestWarningsLeaveTheGridUsable(t *testing.T) {
	g, diagnostics := Parse("test.hcl", []byte("sweep \"a\" {\ntraining {\nclip_bound = 1\n}\n}"), nil)
	if g == nil || diagnostics.HasErrors() || diagnostics.Len() != 1 {
		t.Errorf("got %v and %s, want a grid and a warning", g, diagnostics.Error())
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, test := range []struct{ name, source, word, line, marker string }{
		{"tabs", "\ta\t= bad\n", "bad", "\ta\t= bad", "\t \t  ^^^"},
		{"windows line end", "a = bad\r\nb\r\n", "bad", "a = bad", "    ^^^"},
		{"several lines", "a = [1,\n2]", "[1,\n2]", "a = [1,", "    ^^^"},
		{"no line end", "bad", "bad", "bad", "^^^"},
		{"wide letters", "é = bäd", "bäd", "é = bäd", "    ^^^"},
		{"control characters", "a\x1b[31m = bad", "bad", "a�[31m = bad", "         ^^^"},
		{"broken text", "\xff = bad", "bad", "� = bad", "    ^^^"},
		{"empty range", "a = ", "", "a = ", "^"},
		{"long line", long + "bad" + long, "bad", long[:maxExcerpt] + "bad" + long[:maxExcerpt-3], strings.Repeat(" ", maxExcerpt) + "^^^"},
	} {
		start := strings.Index(test.source, test.word)
		line, marker := excerpt([]byte(test.source), hcl.Range{
			Start: hcl.Pos{Byte: start}, End: hcl.Pos{Byte: start + len(test.word)},
		})
		if line != test.line || marker != test.marker {
			t.Errorf("%s:\n%q\n%q, want\n%q\n%q", test.name, line, marker, test.line, test.marker)
		}
	}
}

func TestBoundIsABound(t *testing.T) {
	s := newScope(map[string]cty.Value{"list": cty.TupleVal(slices.Repeat([]cty.Value{cty.StringVal("abc")}, 20))})
	for _, text := range []string{
		"1", "[1, 2, 3]", "range(10)", "concat(range(10), var.list)", "[for i in var.list : [i, i, i]]",
		"[for i in range(1000) : [i, i, i]]", "var.list[*]", "{ a = [1, 2], b = var.list }", "[for i, j in var.list : var.list if i > 3]",
		"concat([for i in range(10) : var.list]...)", `"${var.list[0]}-${1 + 1}"`, "true ? var.list : []",
	} {
		expression, faults := hclsyntax.ParseExpression([]byte(text), "test", hcl.InitialPos)
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		value, faults := s.evaluate(expression)
		if faults.HasErrors() {
			t.Fatalf("%s: %v", text, faults)
		}
		w := &workBound{variables: 1 + size(s.variables["list"]), frames: [][]float64{nil}}
		if faults := hclsyntax.Walk(expression, w); faults.HasErrors() {
			t.Fatal(faults)
		}
		if counted := count(value); w.frames[0][0] < counted {
			t.Errorf("%s makes %v values, the bound says %v", text, counted, w.frames[0][0])
		}
	}
}

func count(value cty.Value) float64 {
	n := 0.0
	_ = cty.Walk(value, func(cty.Path, cty.Value) (bool, error) { n++; return true, nil })
	return n
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.hcl", "../examples/*.hcl", "../../sweep.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			f.Add(readFile(f, path), "100")
		}
	}
	f.Fuzz(func(t *testing.T, source []byte, steps string) {
		g, faults := parse("fuzz.hcl", source, map[string]string{"steps": steps}, 1000)
		if text := newDiagnostics(faults, source).Error(); (text == "") != (len(faults) == 0) {
			t.Errorf("%d diagnostics are rendered as %q", len(faults), text)
		}
		if faults.HasErrors() {
			return
		}
		if len(g.Cells) == 0 || g.Replicates < 1 || g.Tasks() > 1000 {
			t.Errorf("%d cells, %d replicates", len(g.Cells), g.Replicates)
		}
		for _, c := range g.Cells {
			if err := c.Validate(); err != nil {
				t.Errorf("%s: %v", c.Label(), err)
			}
		}
	})
}
