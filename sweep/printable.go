package sweep

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns text with each rune that is not printable, and each byte that
// is not UTF-8, written as an escape. A line feed becomes \n, ESC becomes \x1b.
// Printable text is returned unchanged.
//
// Every text from another program or machine (messages, host names, labels) must
// pass through Printable before it is shown or written to a table, because a
// terminal obeys control characters and marks can reorder or hide text.
func Printable(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case unprintable(r):
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		default:
			out.WriteRune(r)
		}
		text = text[size:]
	}
	return out.String()
}

// PrintableLines is Printable for text of several lines: it keeps line feeds and
// tabs.
func PrintableLines(text string) string {
	var out strings.Builder
	for {
		end := strings.IndexAny(text, "\n\t")
		if end < 0 {
			out.WriteString(Printable(text))
			return out.String()
		}
		out.WriteString(Printable(text[:end]))
		out.WriteByte(text[end])
		text = text[end+1:]
	}
}

// IsPrintable reports whether Printable keeps a rune. It rejects U+FFFD, which
// stands for a byte that is not UTF-8 where code ranges over a string.
func IsPrintable(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }

func unprintable(r rune) bool { return !IsPrintable(r) }
