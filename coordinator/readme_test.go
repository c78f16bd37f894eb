package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
)

// TestREADMEHasEverySetting compares sweep/README.md with the code.
func TestREADMEHasEverySetting(t *testing.T) {
	var want strings.Builder
	writeSettings(&want)
	golden.CompareSection(t, "../sweep/README.md", "<!-- The code's settings: go test ./coordinator -run TestREADMEHasEverySetting -update -->", "<!-- end -->", want.String())
}

// TestREADMEQuotesMessages checks that each text under which README.md explains an error is
// in the code.
func TestREADMEQuotesMessages(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		code.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "## Errors and what to do\n")
	quoted := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 2 {
			break
		}
		for i, text := range strings.Split(cells[1], "`") {
			if i%2 == 1 {
				quoted++
				if !strings.Contains(code.String(), text) {
					t.Errorf("no message has %q", text)
				}
			}
		}
	}
	if !found || quoted < 10 {
		t.Errorf("README.md explains %d messages, want ten at least", quoted)
	}
}

// writeSettings writes a table for each block, and one of the presets.
func writeSettings(out io.Writer) {
	block := "none yet"
	for _, s := range settingReports() {
		if s.Block != block {
			block = s.Block
			title := "The block `" + block + "`"
			if block == "" {
				title = "In the sweep itself"
			}
			fmt.Fprintf(out, "\n## %s\n| setting | default | allowed | |\n|---|---|---|---|\n", title)
		}
		meaning := s.Doc
		if s.When != "" {
			meaning += "; read where `" + s.When + "`"
		}
		if !s.Axis {
			meaning += "; never an axis"
		}
		fmt.Fprintf(out, "| `%s` | `%s` | %s | %s |\n", s.Name, s.written, cellText(s.Allowed), cellText(meaning))
	}
	fmt.Fprint(out, "\n## Presets\n| preset | changes | |\n|---|---|---|\n")
	for _, p := range sweep.Presets() {
		fmt.Fprintf(out, "| `%s` | `%s` | %s |\n", p.Name, strings.Join(changes(p), "`, `"), cellText(p.Doc))
	}
	fmt.Fprintln(out)
}

// cellText escapes the column separator of Markdown.
func cellText(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
