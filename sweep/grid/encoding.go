package grid

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// formats lists the first bytes of files that people give as a grid by mistake.
var formats = []struct{ start, is, remedy string }{
	{"\xff\xfe\x00\x00", "UTF-32 text", "save it as UTF-8"},
	{"\x00\x00\xfe\xff", "UTF-32 text", "save it as UTF-8"},
	{"\xff\xfe", "UTF-16 text", saveUTF8},
	{"\xfe\xff", "UTF-16 text", saveUTF8},
	{"MATLAB 5.0", "a MATLAB file", giveRecording},
	{"MATLAB 7.3", "a MATLAB file", giveRecording},
	{"\x89HDF", "an HDF5 file", giveRecording},
	{"\x93NUMPY", "a NumPy file", giveRecording},
	{"PK\x03\x04", "a zip archive", "unpack it and give the grid in it"},
	{"\x1f\x8b", "compressed by gzip", "unpack it with gunzip and give the result"},
	{"SQLite format 3", "an SQLite database", giveGrid},
	{"%PDF", "a PDF file", giveGrid},
	{"\x89PNG", "an image", giveGrid},
	{"\x7fELF", "a program", giveGrid},
}

// languages lists text formats that people give as a grid by mistake, by the start
// of their first line of content.
var languages = []struct {
	start *regexp.Regexp
	is    string
}{
	{regexp.MustCompile(`^\{`), "JSON"},
	{regexp.MustCompile(`^\[`), "TOML or JSON"},
	{regexp.MustCompile(`^<`), "HTML or XML"},
	{regexp.MustCompile(`^(---|[\w-]+:(\s|$))`), "YAML"},
}

const (
	writeHCL      = `a grid is written in HCL, and begins with sweep "NAME" {`
	saveUTF8      = "save it as UTF-8, in PowerShell by `Get-Content FILE | Set-Content -Encoding utf8 NEW`, on other systems by `iconv -f UTF-16 -t UTF-8 FILE > NEW`"
	giveRecording = "give a recording with --recording, and the grid, a text file, with --grid"
	giveGrid      = "give a text file such as sweep.hcl"
)

// byteOrderMark begins UTF-8 text written by some editors.
var byteOrderMark = []byte("\xef\xbb\xbf")

// unreadable returns the first reason why a file is not text that the parser can
// read, nil if it can.
func unreadable(filename string, source []byte) *hcl.Diagnostic {
	at := func(offset int) hcl.Range {
		before := source[:offset]
		line := bytes.Count(before, []byte("\n")) + 1
		column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
		start := hcl.Pos{Line: line, Column: column, Byte: offset}
		return hcl.Range{Filename: filename, Start: start, End: start}
	}
	for _, f := range formats {
		if bytes.HasPrefix(source, []byte(f.start)) {
			return failure("Not a grid file", fmt.Sprintf("this file is %s: %s", f.is, f.remedy), at(0))
		}
	}
	if nul := bytes.IndexByte(source, 0); nul >= 0 {
		if isUTF16(source) {
			return failure("Not a grid file", "this file is UTF-16 text: "+saveUTF8, at(0))
		}
		return failure("Not a grid file", fmt.Sprintf("byte %d of this file is NUL, which no text contains: %s", nul, giveGrid), at(nul))
	}
	for rest := source; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		offset := len(source) - len(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return failure("Not UTF-8", fmt.Sprintf("the byte 0x%02x is not UTF-8: save the file as UTF-8, not as Latin-1 or Windows-1252", rest[0]), at(offset))
		case r == '\r' && !bytes.HasPrefix(rest, []byte("\r\n")):
			return failure("Wrong line ends", "a carriage return stands alone: save the file with the line ends of Unix or Windows", at(offset))
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f:
			return failure("Not a grid file", fmt.Sprintf("the control character 0x%02x stands here: %s, or take it out", r, giveGrid), at(offset))
		}
		rest = rest[size:]
	}
	first := firstContent(source)
	for _, l := range languages {
		if l.start.Match(source[first:]) {
			return failure("Not a grid file", fmt.Sprintf("this file is %s: %s", l.is, writeHCL), at(first))
		}
	}
	return nil
}

// lookalikes names common characters that are invisible or look like ASCII.
var lookalikes = map[rune]string{
	'\u00a0': "a no-break space", '\u202f': "a narrow no-break space", '\u3000': "an ideographic space",
	'\u200b': "a zero-width space", '\ufeff': "a byte order mark", '\u00ad': "a soft hyphen",
	'\u2212': "a typographic minus", '\u2013': "a dash", '\u2014': "a dash",
}

// describeLookalike names the first character of an invalid token and its remedy,
// if it is invisible or looks like an ASCII character. Otherwise it returns "".
func describeLookalike(token []byte) string {
	r, _ := utf8.DecodeRune(token)
	var name, remedy string
	switch {
	case unicode.Is(unicode.Z, r):
		name, remedy = "an unusual space", "replace it by a space"
	case unicode.Is(unicode.Cf, r):
		name, remedy = "an invisible character", "take it out"
	case r == '\u2212', unicode.Is(unicode.Pd, r):
		name, remedy = "an unusual hyphen", "replace it by -"
	case unicode.In(r, unicode.Pi, unicode.Pf):
		name, remedy = "a typographic quotation mark", `replace it by "`
	case r >= '\uff01' && r <= '\uff5e': // in the order of ASCII
		name, remedy = "a full-width character", fmt.Sprintf("replace it by %c", r-'\uff01'+'!')
	default:
		return ""
	}
	return fmt.Sprintf("%s (U+%04X), often pasted from a web page or word processor: %s", cmp.Or(lookalikes[r], name), r, remedy)
}

// firstContent returns the offset, after the indentation, of the first line that
// is neither blank nor a one-line comment.
func firstContent(source []byte) int {
	offset := 0
	for line := range bytes.Lines(source) {
		content := bytes.TrimLeft(line, " \t\r\n")
		if len(content) > 0 && content[0] != '#' && !bytes.HasPrefix(content, []byte("//")) {
			return offset + len(line) - len(content)
		}
		offset += len(line)
	}
	return offset
}

// isUTF16 reports whether nearly every second of the first bytes is NUL. Grids are
// mostly ASCII, so this holds for one in UTF-16.
func isUTF16(source []byte) bool {
	source = source[:min(len(source), 1024)&^1]
	var zeros [2]int
	for i, b := range source {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(source) / 2
	return half > 0 && (zeros[0] > half*3/4 && zeros[1] == 0 || zeros[1] > half*3/4 && zeros[0] == 0)
}
