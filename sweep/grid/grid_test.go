package grid

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestEverySettingIsRead checks that each setting can be fixed, in its block, or swept.
func TestEverySettingIsRead(t *testing.T) {
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
		if g == nil || s.Value(g.Configuration(0)) != value {
			t.Errorf("%s = %s, fixed: got %+v", s.Name, written, g)
		}
		// An axis that no configuration reads is rejected, so a second axis makes it read.
		reader := map[string]string{
			"auxiliary_readout": "auxiliary = [1]", "clip_bound": `constraint = ["clip"]`,
			"k_loss": "k = [1]", "samples": `method = ["samples"]`, "restarts": `objective = ["likelihood"]`,
		}[s.Name]
		g = mustParse(t, fmt.Sprintf("sweep \"a\" {\ngrid {\n%s = [%s, %s]\n%s\n}\n}", s.Name, sweep.Format(s.Default), written, reader))
		var got []any
		for _, c := range g.Configurations() {
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

// TestGridOrder checks that configurations are nested loops, the first axis outermost.
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
			for _, outer := range want {
				for _, v := range values {
					finer = append(finer, outer+" "+v)
				}
			}
			want = finer
		}
		g, diagnostics := Parse("test.hcl", []byte(source+"}\n}\n"), nil)
		if diagnostics.Len() > 0 {
			t.Fatal(diagnostics.Error())
		}
		var got []string
		for _, c := range g.Configurations() {
			values := ""
			for _, axis := range g.Axes {
				values += " " + sweep.Format(axis.Setting.Value(c))
			}
			got = append(got, values)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s(-want +got):\n%s", source, diff)
		}
		if g.Rows() != len(want)*replicates {
			t.Fatalf("%d tasks, want %d configurations × %d replicates", g.Rows(), len(want), replicates)
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
	named := `sweep "a" {
		recording {
			variable = "x"
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
			wantError: `grids/test.hcl:3: source = "file" names no file: give it with --recording FILE, or write path = "…" next to source`,
		},
		{name: "file", source: file, commandLine: "y.mat", want: "y.mat", sources: []string{"file"}},
		{name: "path relative to the grid file", source: path, want: "grids/data/x.mat", sources: []string{"file"}},
		{name: "path overridden", source: path, commandLine: "./y.mat", want: "y.mat", sources: []string{"file"}},
		{name: "absolute path", source: absolute, want: "/data/x.mat", sources: []string{"file"}},
		{name: "variable", source: named, commandLine: "y.mat", want: "y.mat", sources: []string{"file"}},
		{
			name: "variable of no file", source: named, sources: []string{"surrogate"},
			wantError: "grids/test.hcl:3: variable has no effect: no configuration reads a recording's file: leave it out, or give the file with --recording, or with path next to variable",
		},
		{
			name: "clip and axes of no file", source: strings.Replace(named, `variable = "x"`, "duration_s = 0\naxes = \"bins,neurons\"\nclip = true", 1), sources: []string{"surrogate"},
			wantError: "grids/test.hcl:4: axes has no effect: no configuration reads a recording's file: leave it out, or give the file with --recording, or with path next to axes",
		},
		{
			name: "duration of no file", source: strings.Replace(named, `variable = "x"`, "duration_s = 3.5", 1), sources: []string{"surrogate"},
			wantError: "grids/test.hcl:3: duration_s has no effect: no configuration reads a recording's file: leave it out, or give the file with --recording, or with path next to duration_s",
		},
		{
			name: "swept clip of no file", source: `sweep "a" {
		grid {
			clip = [false, true]
		}
	}`, sources: []string{"surrogate", "surrogate"},
			wantError: "grids/test.hcl:3: clip has no effect: no configuration reads a recording's file: leave it out, or give the file with --recording, or with path next to clip",
		},
		{name: "defaults of no file", source: strings.Replace(named, `variable = "x"`, "clip = false\nduration_s = 0\nvariable = \"\"", 1), sources: []string{"surrogate"}},
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
			for _, c := range g.Configurations() {
				sources = append(sources, c.Recording.Source)
			}
			if diff := cmp.Diff(test.sources, sources); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
		})
	}
}
