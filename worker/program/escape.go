package program

import (
	"io"
	"strings"

	"spiqsweep/sweep"
)

// EscapeArguments returns a writer to w that escapes unprintable characters where the text
// quotes an argument of the command line, or an element of a path in one: a line feed in
// the name of a file would look like the end of a message. Text that quotes none is not
// changed. Without such arguments, EscapeArguments returns w.
func EscapeArguments(w io.Writer, arguments []string) io.Writer {
	var pairs []string
	for _, argument := range arguments {
		for element := range strings.FieldsFuncSeq(argument, separates) {
			if escaped := sweep.Printable(element); escaped != element && strings.TrimSpace(element) != "" {
				// Messages with other characters than line feeds are escaped before.
				pairs = append(pairs, element, escaped, sweep.PrintableLines(element), escaped)
			}
		}
	}
	if len(pairs) == 0 {
		return w
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
