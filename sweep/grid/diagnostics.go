package grid

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// Diagnostics are the errors and warnings of one grid file, in the order of its
// lines. Each shows where it is, the line, and the mend.
type Diagnostics struct {
	list   hcl.Diagnostics
	source []byte
}

func newDiagnostics(list hcl.Diagnostics, source []byte) Diagnostics {
	list = plain(list)
	slices.SortStableFunc(list, func(a, b *hcl.Diagnostic) int { return cmp.Compare(offset(a), offset(b)) })
	return Diagnostics{list, source}
}

// HasErrors says whether the file was refused; warnings leave it usable.
func (d Diagnostics) HasErrors() bool { return d.list.HasErrors() }

// Len counts errors and warnings.
func (d Diagnostics) Len() int { return len(d.list) }

// maxShown bounds the diagnostics that Error renders: one mistake may have
// hundreds of consequences.
const maxShown = 40

// Error renders the first forty diagnostics, each as
//
//	Error: Wrong value
//	  sweep.hcl:7:17
//	     7 |     entangler = "chian"
//	       |                 ^^^^^^^
//	  entangler = "chian": must be "chain", …; did you mean "chain"?
//
// with an empty line between two, and says how many more there are.
func (d Diagnostics) Error() string {
	var parts []string
	for _, diagnostic := range d.list[:min(len(d.list), maxShown)] {
		parts = append(parts, d.render(diagnostic))
	}
	if more := len(d.list) - maxShown; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more: remedy these first\n", more))
	}
	return strings.Join(parts, "\n")
}

// offset puts diagnostics without a place in the file first.
func offset(d *hcl.Diagnostic) int {
	if d.Subject == nil {
		return -1
	}
	return d.Subject.Start.Byte
}

func (d Diagnostics) render(diagnostic *hcl.Diagnostic) string {
	var b strings.Builder
	severity := "Error"
	if diagnostic.Severity == hcl.DiagWarning {
		severity = "Warning"
	}
	fmt.Fprintf(&b, "%s: %s\n", severity, diagnostic.Summary)
	if at := diagnostic.Subject; at != nil {
		fmt.Fprintf(&b, "  %s:%d:%d\n", at.Filename, at.Start.Line, at.Start.Column)
		line, marker := excerpt(d.source, *at)
		fmt.Fprintf(&b, "%6d | %s\n       | %s\n", at.Start.Line, line, marker)
	}
	fmt.Fprintf(&b, "  %s\n", printable([]byte(shorten(diagnostic.Detail))))
	return b.String()
}

// maxDetail bounds the bytes of a detail, which may quote a long text. The
// remedy is at its end.
const maxDetail = 1200

func shorten(detail string) string {
	if len(detail) <= maxDetail {
		return detail
	}
	return detail[:maxDetail/4] + "…" + detail[len(detail)-maxDetail*3/4:]
}

// maxExcerpt bounds the bytes of a quoted line, on either side of the fault's start.
const maxExcerpt = 100

// excerpt returns the first line of a range, and carets under what the range
// covers of it. Tabs stay tabs, so that both lines align.
func excerpt(source []byte, at hcl.Range) (line, marker string) {
	start := min(at.Start.Byte, len(source))
	end := min(max(at.End.Byte, start), len(source))
	lineStart := bytes.LastIndexByte(source[:start], '\n') + 1
	lineEnd := len(source)
	if i := bytes.IndexByte(source[start:], '\n'); i >= 0 {
		lineEnd = start + i
	}
	lineStart = max(lineStart, start-maxExcerpt)
	lineEnd = min(lineEnd, start+maxExcerpt)
	quoted := bytes.TrimSuffix(source[lineStart:lineEnd], []byte("\r"))

	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, printable(source[lineStart:start]))
	width := utf8.RuneCount(source[start:min(end, lineStart+len(quoted), lineEnd)])
	return printable(quoted), pad + strings.Repeat("^", max(width, 1))
}

// printable replaces control characters, marks without width and broken UTF-8 of a
// file, rune by rune, so that the carets below a line stay in place.
func printable(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(string(text), string(utf8.RuneError)))
}

func failure(summary, detail string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: at.Ptr()}
}

func warning(summary, detail string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: at.Ptr()}
}
