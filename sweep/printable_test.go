package sweep_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"spiqsweep/sweep"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"node17.cluster":                "node17.cluster",
		`C:\data "quoted" Größe 神経 Hz²`: `C:\data "quoted" Größe 神経 Hz²`,
		"\x1b]0;title\a":                `\x1b]0;title\a`,
		"done\r100 %\nfailed: 0":        `done\r100 %\nfailed: 0`,
		"a\x00b\tc\x7f":                 `a\x00b\tc\x7f`,
		"\u009b2J":                      `\u009b2J`, // the one-character form of ESC [
		"\u202egnp.exe\u2028":           `\u202egnp.exe\u2028`,
		"\xff\xc3(":                     `\xff\xc3(`,
		"\ufffd":                        "\ufffd",
	} {
		if got := sweep.Printable(text); got != want {
			t.Errorf("Printable(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestPrintableLines(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"step 1\nstep\t2\n":            "step 1\nstep\t2\n",
		"a\r\nb\x1b[2J\x00\n\n\u202ec": `a\r` + "\n" + `b\x1b[2J\x00` + "\n\n" + `\u202ec`,
		"\xff\n\xc3":                   `\xff` + "\n" + `\xc3`,
	} {
		if got := sweep.PrintableLines(text); got != want {
			t.Errorf("PrintableLines(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m\r\n")
	f.Add("plain")
	f.Fuzz(func(t *testing.T, text string) {
		got := sweep.Printable(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("Printable(%q) = %q, which is not printable", text, got)
		}
		lines := sweep.PrintableLines(text)
		if strings.ContainsFunc(lines, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }) {
			t.Errorf("PrintableLines(%q) = %q, which is not printable", text, lines)
		}
		if once := sweep.Printable(lines); once != got {
			t.Errorf("PrintableLines(%q) = %q becomes %q, want %q", text, lines, once, got)
		}
		if again := sweep.Printable(got); again != got {
			t.Errorf("Printable(%q) = %q becomes %q", text, got, again)
		}
	})
}
