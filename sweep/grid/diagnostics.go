package grid

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"spiqsweep/sweep"
)

// Diagnostics are the errors and warnings of one grid file, in the order of its
// lines. Each shows its place, the line, and a remedy.
type Diagnostics struct {
	list   hcl.Diagnostics
	source []byte
}

func newDiagnostics(list hcl.Diagnostics, source []byte) Diagnostics {
	slices.SortStableFunc(list, func(a, b *hcl.Diagnostic) int { return cmp.Compare(offset(a), offset(b)) })
	return Diagnostics{translate(list, source), source}
}

// HasErrors reports whether the file was rejected. With warnings alone it is
// usable.
func (d Diagnostics) HasErrors() bool { return d.list.HasErrors() }

// Len returns the number of errors and warnings.
func (d Diagnostics) Len() int { return len(d.list) }

// maxShown is the number of diagnostics that Error renders. One mistake may cause
// hundreds.
const maxShown = 40

// Error renders the first forty diagnostics in the form
//
//	Error: Wrong value
//	  sweep.hcl:7:17
//	     7 |     entangler = "chian"
//	       |                 ^^^^^^^
//	  entangler = "chian": must be "chain", …; did you mean "chain"?
//
// separated by empty lines, and then the number of those left out.
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

// offset returns the place of a diagnostic in the file, −1 if it has none.
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
	fmt.Fprintf(&b, "  %s\n", replaceUnprintable([]byte(shorten(diagnostic.Detail))))
	return b.String()
}

// maxDetail is the longest detail in bytes. A detail may quote a long text and
// ends with the remedy, so shorten cuts its middle.
const maxDetail = 1200

func shorten(detail string) string {
	if len(detail) <= maxDetail {
		return detail
	}
	return detail[:maxDetail/4] + "…" + detail[len(detail)-maxDetail*3/4:]
}

// maxExcerpt is the number of bytes of a quoted line before and after the start
// of the fault.
const maxExcerpt = 100

// excerpt returns the first line of a range, and a line of carets under the part
// that the range covers. Both keep their tabs, so that they align.
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
	}, replaceUnprintable(source[lineStart:start]))
	width := utf8.RuneCount(source[start:min(end, lineStart+len(quoted), lineEnd)])
	return replaceUnprintable(quoted), pad + strings.Repeat("^", max(width, 1))
}

// replaceUnprintable replaces each rune that sweep.Printable would escape, and
// each broken byte, by one U+FFFD, so that the carets below a line stay aligned.
func replaceUnprintable(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !sweep.IsPrintable(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(string(text), string(utf8.RuneError)))
}

func failure(summary, detail string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: at.Ptr(), Extra: ownMessage{}}
}

func warning(summary, detail string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: at.Ptr(), Extra: ownMessage{}}
}
