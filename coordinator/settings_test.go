package main

import (
	"fmt"
	"io"
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
