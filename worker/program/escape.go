package program

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"spiqsweep/sweep"
)

// EscapeArguments returns a writer to w that escapes unprintable characters where the text
// quotes an argument of the command line, or an element of a path in one: a line feed in
// the name of a file would look like the end of a message. Text that quotes none is not
// changed. Without such arguments, EscapeArguments returns w.
func EscapeArguments(w io.Writer, arguments []string) io.Writer {
	escapes := map[string]string{}
	for _, argument := range arguments {
		for element := range strings.FieldsFuncSeq(argument, separates) {
			// A space before another element would be taken for the first of this one.
			element = strings.TrimLeft(element, " ")
			if escaped := sweep.Printable(element); escaped != element && strings.TrimSpace(element) != "" {
				escapes[element] = escaped
				// Messages with other characters than line feeds are escaped before.
				escapes[sweep.PrintableLines(element)] = escaped
			}
		}
	}
	if len(escapes) == 0 {
		return w
	}
	// The replacer takes the first that matches: of two elements, the one that begins with
	// the other goes first.
	longestFirst := func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }
	var pairs []string
	for _, text := range slices.SortedFunc(maps.Keys(escapes), longestFirst) {
		pairs = append(pairs, text, escapes[text])
	}
	return escapingWriter{w, strings.NewReplacer(pairs...)}
}

// separates reports whether a rune ends an element of a path, or the name of a flag or of a
// variable before its value.
func separates(r rune) bool { return r == '/' || r == '\\' || r == '=' }

type escapingWriter struct {
	io.Writer
	escape *strings.Replacer
}

// Write must get the text of a message in one piece.
func (w escapingWriter) Write(p []byte) (int, error) {
	if _, err := w.escape.WriteString(w.Writer, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
