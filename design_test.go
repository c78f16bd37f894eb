package spiqsweep_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDesignNamesWhatExists holds section 4 of DESIGN.md to the tree: every file and
// package that it names exists, and every arrow of section 4.2 is an import.
//
//	`A` → `B`   A, a file or a package, imports the package of B
//	`A` ⇒ `B`   A calls B over gRPC: A and the package of B import the protocol
func TestDesignNamesWhatExists(t *testing.T) {
	design, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	packages := section(t, string(design), "### 4.1 ", "### 4.2 ")
	task := section(t, string(design), "### 4.2 ", "## 5. ")

	for _, name := range namesIn(packages + task) {
		if _, err := os.Stat(filepath.FromSlash(name)); err != nil {
			t.Errorf("section 4 names %s: %v", name, err)
		}
	}
	kinds := map[string]int{}
	for _, arrow := range regexp.MustCompile("`([^`]+)` ([→⇒]) `([^`]+)`").FindAllStringSubmatch(task, -1) {
		from, kind, to := arrow[1], arrow[2], packageOf(arrow[3])
		kinds[kind]++
		switch {
		case kind == "→" && !imports(t, from, to):
			t.Errorf("section 4.2 has %s → %s: %s does not import %s", from, arrow[3], from, to)
		case kind == "⇒" && (!imports(t, from, protocol) || !imports(t, to, protocol)):
			t.Errorf("section 4.2 has %s ⇒ %s: both must import %s", from, arrow[3], protocol)
		}
	}
	if kinds["→"] == 0 || kinds["⇒"] == 0 {
		t.Errorf("section 4.2 has %d imports and %d calls: this test no longer reads it", kinds["→"], kinds["⇒"])
	}
}

const protocol = "proto/spiqsweep/v1"

// section returns the text between two headings.
func section(t *testing.T, design, from, to string) string {
	t.Helper()
	_, text, found := strings.Cut(design, "\n"+from)
	text, _, ends := strings.Cut(text, "\n"+to)
	if !found || !ends {
		t.Fatalf("DESIGN.md has no section between %q and %q", from, to)
	}
	return text
}

// namesIn returns the paths in a text: code in backquotes that begins with the name
// of a top-level folder and a slash, or that is a file's name.
func namesIn(text string) []string {
	var names []string
	for _, code := range regexp.MustCompile("`([A-Za-z0-9_./-]+)`").FindAllStringSubmatch(text, -1) {
		folder, _, inFolder := strings.Cut(code[1], "/")
		folders := []string{"proto", "coordinator", "worker", "sweep", "simulator", "deploy"}
		if inFolder && slices.Contains(folders, folder) || slices.Contains([]string{".go", ".hcl", ".yml", ".md"}, path.Ext(code[1])) {
			names = append(names, code[1])
		}
	}
	return names
}

// packageOf returns the folder of a file; a folder is its own.
func packageOf(name string) string {
	if path.Ext(name) != "" {
		return path.Dir(name)
	}
	return name
}

// imports reports whether a file, or any file of a package but its tests, imports
// a package.
func imports(t *testing.T, from, to string) bool {
	t.Helper()
	files := []string{from}
	if path.Ext(from) == "" {
		p, err := build.ImportDir(filepath.FromSlash(from), 0)
		if err != nil {
			t.Errorf("read the package %s: %v", from, err)
			return true
		}
		for i, name := range p.GoFiles {
			p.GoFiles[i] = path.Join(from, name)
		}
		files = p.GoFiles
	}
	return slices.ContainsFunc(files, func(name string) bool {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("read the imports of %s: %v", name, err)
			return true
		}
		return slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool { return s.Path.Value == strconv.Quote("spiqsweep/"+to) })
	})
}
