package spiqsweep_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// withoutExample are packages of which an example would teach nothing, with why. Packages
// below deploy and internal folders, and those whose names end in test, serve our tests alone.
var withoutExample = map[string]string{
	"proto/spiqsweep/v1":                   "generated",
	"sweep/failpoint":                      "does something in the programs of tests alone",
	"coordinator/watch":                    "fills a terminal, which an example does not have",
	"worker/program/limits":                "acts when it is imported",
	"coordinator/store/storetest/postgres": "serves our tests alone",
}

// TestEveryPackageIsDocumented checks that each package has its comment in doc.go, and an
// example that go test runs.
func TestEveryPackageIsDocumented(t *testing.T) {
	packages := map[string]*documentation{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "testdata" || file != "." && strings.ContainsAny(name[:1], "._") || name == "node_modules" || name == "runs"):
			return fs.SkipDir
		case filepath.Ext(name) != ".go":
			return nil
		}
		folder := path.Dir(filepath.ToSlash(file))
		if packages[folder] == nil {
			packages[folder] = &documentation{}
		}
		return packages[folder].add(file)
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder, p := range packages {
		if p.name == "main" || p.name == "" { // or there are tests alone
			continue
		}
		if len(p.comments) != 1 || p.comments[0] != "doc.go" && folder != "proto/spiqsweep/v1" {
			t.Errorf("%s: the package's comment is in %q: write it into doc.go", folder, p.comments)
		}
		reason, excepted := withoutExample[folder]
		isOfTests := strings.HasPrefix(folder, "deploy/") || strings.Contains(folder, "internal/") || strings.HasSuffix(folder, "test")
		if p.hasExample && excepted {
			t.Errorf("%s has an example, and an exception: %s", folder, reason)
		}
		if !p.hasExample && !excepted && !isOfTests {
			t.Errorf("%s has no example with an output: write one into example_test.go", folder)
		}
	}
	for folder := range withoutExample {
		if packages[folder] == nil {
			t.Errorf("there is no package %s", folder)
		}
	}
	if len(packages) < 40 {
		t.Errorf("%d packages were found", len(packages))
	}
}

// documentation is what a reader of a package finds.
type documentation struct {
	name       string
	comments   []string // names of the files with a package comment
	hasExample bool
}

// add reads a file of the package.
func (d *documentation) add(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if strings.HasSuffix(file, "_test.go") {
		d.hasExample = d.hasExample || strings.Contains(string(text), "\nfunc Example") && strings.Contains(string(text), "\n\t// Output:")
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	d.name = parsed.Name.Name
	if parsed.Doc != nil && strings.HasPrefix(parsed.Doc.Text(), "Package ") {
		d.comments = append(d.comments, filepath.Base(file))
	}
	return nil
}
