package grid

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

const plainGrid = "sweep \"x\" {\n  grid {\n    neurons = [2, 4] # Größe\n  }\n}\n"

func utf16Bytes(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestEncodings checks that a file that is not UTF-8 text is rejected by one
// diagnostic with the fix.
func TestEncodings(t *testing.T) {
	latin1 := strings.ReplaceAll(strings.ReplaceAll(plainGrid, "ö", "\xf6"), "ß", "\xdf")
	for name, test := range map[string]struct{ source, want string }{
		"plain":             {plainGrid, ""},
		"UTF-8 with a mark": {"\xef\xbb\xbf" + plainGrid, ""},
		"Windows line ends": {strings.ReplaceAll(plainGrid, "\n", "\r\n"), ""},
		"UTF-16 LE":         {utf16Bytes(binary.LittleEndian, "\ufeff"+plainGrid), "this file is UTF-16 text: save it as UTF-8"},
		"UTF-16 BE":         {utf16Bytes(binary.BigEndian, "\ufeff"+plainGrid), "this file is UTF-16 text: save it as UTF-8"},
		"UTF-16 LE, bare":   {utf16Bytes(binary.LittleEndian, plainGrid), "this file is UTF-16 text: save it as UTF-8"},
		"UTF-16 BE, bare":   {utf16Bytes(binary.BigEndian, plainGrid), "this file is UTF-16 text: save it as UTF-8"},
		"UTF-16 of CRLF":    {utf16Bytes(binary.LittleEndian, "\ufeff"+strings.ReplaceAll(plainGrid, "\n", "\r\n")), "UTF-16"},
		"Latin-1":           {latin1, "x.hcl:3:26\n"},
		"Latin-1, fix":      {latin1, "the byte 0xf6 is not UTF-8: save the file as UTF-8"},
		"NUL":               {plainGrid + "\x00", "is NUL, which no text contains"},
		"only NUL":          {strings.Repeat("\x00", 100), "is NUL, which no text contains"},
		"old Macintosh":     {strings.ReplaceAll(plainGrid, "\n", "\r"), "a carriage return stands alone"},
		"escape sequence":   {"\x1b[31m" + plainGrid, "the control character 0x1b stands here"},
		"MATLAB":            {"MATLAB 5.0 MAT-file, Platform: GLNXA64\x00\x01IM", "this file is a MATLAB file: give a recording with --recording"},
		"NumPy":             {"\x93NUMPY\x01\x00v\x00{'descr'", "this file is a NumPy file: give a recording with --recording"},
		"HDF5":              {"\x89HDF\r\n\x1a\n", "this file is an HDF5 file"},
		"JSON":              {"{\"sweep\": {\"x\": {}}}\n", "this file is JSON: a grid is written in HCL"},
		"TOML":              {"# mine\n\n[sweep]\nname = \"x\"\n", "x.hcl:3:1\n"},
		"YAML":              {"sweep:\n  neurons: [1, 2]\n", "this file is YAML"},
		"YAML, marked":      {"  # mine\n---\nsweep: 1\n", "this file is YAML"},
		"HTML":              {"\n<!DOCTYPE html>\n", "this file is HTML or XML"},
		"store":             {"SQLite format 3\x00", "an SQLite database: give a text file"},
	} {
		g, faults := Parse("x.hcl", []byte(test.source), nil)
		switch {
		case test.want == "" && (faults.Len() > 0 || g.Len() != 2):
			t.Errorf("%s: %s", name, faults.Error())
		case test.want != "" && (g != nil || faults.Len() != 1 || !strings.Contains(faults.Error(), test.want)):
			t.Errorf("%s: %d diagnostics, want one with %q:\n%s", name, faults.Len(), test.want, faults.Error())
		}
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, faults := Parse("x.hcl", program[:MaxBytes], nil); faults.Len() != 1 {
		t.Errorf("a program gives %d diagnostics", faults.Len())
	}
}

// TestLookalikes checks that a character outside quotes and comments that is
// invisible or looks like another is reported once, with its remedy.
func TestLookalikes(t *testing.T) {
	const pasted = ", often pasted from a web page or word processor: "
	for _, test := range []struct{ line, want string }{
		{"\u00a0   neurons = [2, 4]", "a no-break space (U+00A0)" + pasted + "replace it by a space"},
		{"neurons\u00a0=\u00a0[2,\u202f4]", "replace it by a space; further such characters in the file: 2"},
		{"neurons = [2,\u202f4]", "a narrow no-break space (U+202F)" + pasted + "replace it by a space"},
		{"neurons =\u3000[2, 4]", "an ideographic space (U+3000)" + pasted + "replace it by a space"},
		{"neurons = [2,\u20094]", "an unusual space (U+2009)" + pasted + "replace it by a space"},
		{"neurons = [2, 4]\u2028", "an unusual space (U+2028)" + pasted},
		{"neurons = [2, \u200b4]", "a zero-width space (U+200B)" + pasted + "take it out"},
		{"\ufeffneurons = [2, 4]", "a byte order mark (U+FEFF)" + pasted + "take it out"},
		{"neurons\u200e = [2, 4]", "an invisible character (U+200E)" + pasted + "take it out"},
		{"neurons = [6 \u2212 4, 4]", "a typographic minus (U+2212)" + pasted + "replace it by -"},
		{"neurons = [6 – 4, 4]", "a dash (U+2013)" + pasted + "replace it by -"},
		{"noise = [“none”]", "a typographic quotation mark (U+201C)" + pasted + `replace it by "; further such characters in the file: 1`},
		{"noise = [‘none’]", "a typographic quotation mark (U+2018)" + pasted + `replace it by "`},
		{"neurons ＝ [2， 4]", "a full-width character (U+FF1D)" + pasted + "replace it by =; further"},
		{"neurons = [2, 4] # \u00a0\u2212\u200b“”", ""},
		{"neurons = \"\u00a0\u2212“”\" == \"\" ? [2] : [4]", ""},
	} {
		g, faults := Parse("x.hcl", []byte("sweep \"x\" {\n  grid {\n"+test.line+"\n  }\n}\n"), nil)
		if test.want == "" && g == nil || test.want != "" && (faults.Len() != 1 || !strings.Contains(faults.Error(), test.want) || !strings.Contains(faults.Error(), "x.hcl:3:")) {
			t.Errorf("%q: %d diagnostics, want %q:\n%s", test.line, faults.Len(), test.want, faults.Error())
		}
	}
}
