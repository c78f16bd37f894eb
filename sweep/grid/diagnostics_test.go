package grid

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

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
