package sweep

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns text with everything that a terminal or an editor would obey
// instead of show written as an escape: control characters (a line feed is \n,
// ESC is \x1b), marks that reorder or hide text, and bytes that are not UTF-8.
// Printable text is returned as it is.
//
// Text that another program or machine has sent (messages, host names, labels)
// passes through Printable before it is shown or written to a table.
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

// PrintableLines is Printable for text of several lines: line feeds and tabs stay.
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

// unprintable also reports true for U+FFFD, which stands for a byte that is not
// UTF-8 where a string is ranged over.
func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
