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

// TestExcludeThatExcludesNothing checks the warning that reveals a misspelt value.
func TestExcludeThatExcludesNothing(t *testing.T) {
	const source = "sweep \"a\" {\ngrid {\nneurons = [2, 4]\n}\nexclude {\nwhen = %s\n}\n}"
	for when, warned := range map[string]bool{`entangler == "chian"`: true, `neurons == "2"`: true, "neurons > 2": false} {
		g, diagnostics := Parse("test.hcl", []byte(strings.Replace(source, "%s", when, 1)), nil)
		if g == nil || diagnostics.HasErrors() || strings.Contains(diagnostics.Error(), "no remaining configuration meets this condition") != warned {
			t.Errorf("when = %s: got %v and %q, want a warning: %t", when, g, diagnostics.Error(), warned)
		}
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

// TestDetail checks that a detail is short and has no control characters.
func TestDetail(t *testing.T) {
	_, faults := Parse("x.hcl", []byte("sweep \"a\" {\nk = \"\\u001b[31m"+strings.Repeat("é", 10_000)+"\"\nseed = \"b\\u001bc\"\n}\n"), nil)
	text := faults.Error()
	if len(text) > 3000 || strings.Contains(text, "\x1b") || !strings.Contains(text, "must be a number from") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}
