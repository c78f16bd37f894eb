package grid

import (
	"regexp"
	"strings"
	"testing"
)

// jargon matches words that only HCL's own messages use.
var jargon = regexp.MustCompile(`(?i)argument definition|block definition|definition required|block header|block content|single-line block|configuration block|constructor|template|delimit|heredoc|symbol|must have \d+ labels|extraneous|redefined|legacy|collection value|is not valid`)

// TestSyntaxFaults maps files that HCL's parser rejects to the message, and wants it to be the
// only one.
func TestSyntaxFaults(t *testing.T) {
	const before, after = "sweep \"a\" {\n", "}\n"
	for source, want := range map[string]string{
		"sweep {\n}\n":                               `1:7: a sweep block has a name: write sweep "NAME" {`,
		"variable {\n}\nsweep \"a\" {\n}\n":          `1:10: a variable block has a name: write variable "NAME" {`,
		"sweep \"a\" \"b\" {\n}\n":                   `1:11: a sweep block has one name: write sweep "NAME" {`,
		before + "grid \"b\" {\n}\n" + after:         `2:6: a grid block has no name: write grid {`,
		"sweep \"${x}\" {\n}\n":                      "1:8: the name of a block takes no ${…}",
		"sweep\n":                                    `1:1: sweep is a block: write sweep "NAME" {, then its lines, and } after them`,
		"sweep 5 {\n}\n":                             `1:1: sweep is a block: write sweep "NAME" {`,
		"sweep = \"a\"\n":                            `1:1: sweep is a block: write sweep "NAME" { … } without =`,
		"sweep \"a\"\n{\n}\n":                        "1:10: this line is neither a setting nor the beginning of a block: write NAME = VALUE, or end the line with the {",
		"hello world\n":                              "1:12: this line is neither a setting nor the beginning of a block",
		before + "seed = 1\n":                        "1:11: this block is not closed: write } after its last line",
		before + "grid {\nneurons = [2]\n":           "2:6: this block is not closed",
		before + "}\n" + after:                       "3:1: this } closes no block: take it out",
		before + "seed: 1\n" + after:                 "2:1: seed needs a single equals sign: write seed = VALUE for a setting",
		before + "seed 1\n" + after:                  "2:1: seed needs a single equals sign",
		before + "seed == 1\n" + after:               "2:1: seed needs a single equals sign",
		before + "seed += 1\n" + after:               "2:1: seed needs a single equals sign",
		before + "grid.neurons = [2]\n" + after:      "2:1: grid is a block: write grid {",
		before + "seed[0] = 1\n" + after:             "2:1: seed cannot be divided: write the name of a setting alone",
		before + "2 = 1\n" + after:                   "2:1: a line begins with a name",
		before + "\"seed\" = 1\n" + after:            "2:1: the name of a setting has no quotation marks",
		before + "/* open\n" + after:                 "2:1: this comment is not closed: write */ at its end",
		before + "seed = 1\nseed = 2\n" + after:      "3:1: seed is given twice, first on line 2: take one of the two out",
		before + "seed {\n}\n" + after:               "2:1: seed is a setting: write seed = VALUE in the sweep block, or seed = [VALUES] in the grid block",
		before + "replicates {\n}\n" + after:         "2:1: replicates has min, max and until, such as min = 3, max = 20, ",
		before + "grid = {\n}\n" + after:             "2:1: grid is a block: write grid { … } without =",
		before + "seed = 1,\n" + after:               "2:9: no comma follows a value: write a list in brackets, as in [4, 6]",
		before + "k = 0,5\n" + after:                 "2:6: no comma follows a value: write a list in brackets, as in [4, 6], a decimal number with a point, as in 0.5, and each setting on a separate line",
		before + "seed = 1;\n" + after:               "2:9: a line ends without a semicolon: take it out",
		before + "seed = 1 k = 1\n" + after:          "2:10: the line must end before this",
		before + "grid {\nneurons = [2] }\n" + after: "3:15: the line must end before this: write what follows, also a }, on the next line",
		"sweep \"a\" { seed = 1, k = 1 }\n":          "1:21: a block on one line holds one setting and its }",
		"sweep \"a\" { seed = 1\n}\n":                "1:21: a block on one line holds one setting and its }",
		"sweep \"a\" { grid { k = [0] } }\n":         "1:13: a block on one line holds one setting and its }",
		"sweep \"a {\n}\n":                           `1:11: this text is not closed: write " after it, on the line where it begins`,
		before + "preset = \"paper\n" + after:        `2:16: this text is not closed: write "`,
		before + "preset = \"${\"\n" + after:         `this text is not closed: write "`,
		before + "preset = 'paper'\n" + after:        `2:10: texts stand in double quotes: write " in place of '`,
		before + "preset = `paper`\n" + after:        "2:10: texts stand in double quotes: write \" in place of `",
		before + "preset = \"a\\p\"\n" + after:       `2:12: \ begins a special character, such as \n or \": write \\ for the character itself`,
		before + "preset = \"${1 2}\"\n" + after:     "within a text, ${ and %{ begin an expression that } ends: write ${VALUE}",
		before + "seed = max(1 2)\n" + after:         "2:14: a comma between two arguments, or the ) after the last, is missing before this",
		before + "seed = max(1, 2\n" + after:         "3:1: a comma between two arguments, or the ) after the last",
		before + "seed = (1\n" + after:               "3:1: a ) is missing before this: write it",
		before + "seed = [1, 2\n" + after:            "3:1: a comma between two values of a list, or the ] after the last, is missing before this",
		before + "seed = {2}\n" + after:              "an element in braces is written NAME = VALUE, and a list stands in brackets",
		before + "seed = true ? 1\n" + after:         "a condition has two values: write CONDITION ? VALUE : OTHER_VALUE",
		before + "seed = [for x in [1]]\n" + after:   "a list made of another is written [for x in LIST : VALUE]",
		before + "seed = 1 & 2\n" + after:            "2:10: there is no such operator: write && for and, || for or",
	} {
		g, faults := Parse("x.hcl", []byte(source), nil)
		place, message, placed := strings.Cut(want, ": ")
		if !regexp.MustCompile(`^\d+:\d+$`).MatchString(place) || !placed {
			place, message = "", want
		}
		text := faults.Error()
		if g != nil || faults.Len() != 1 || !strings.Contains(text, "x.hcl:"+place) || !strings.Contains(text, "  "+message) {
			t.Errorf("%q gives %d faults:\n%s\nwant one with %q", source, faults.Len(), text, want)
		}
		if word := jargon.FindString(text); word != "" {
			t.Errorf("%q: the message has the words %q:\n%s", source, word, text)
		}
	}
}

// TestDecimalCommas requires that the remedy for a decimal comma is proposed where it can be one.
func TestDecimalCommas(t *testing.T) {
	for line, want := range map[string]string{
		"k = [0, 0,5]":       "x.hcl:3:9",
		"k = [0,5, 1,5]":     "x.hcl:3:13",
		"k = [0, 0, 5]":      "",
		"k = [0, 1, 1]":      "",
		"k = [0, 0,-5]":      "",
		"neurons = [2, 2,5]": "",
	} {
		_, faults := Parse("x.hcl", []byte("sweep \"a\" {\ngrid {\n"+line+"\n}\n}\n"), nil)
		number := line[strings.LastIndex(line, " ")+1 : len(line)-1]
		remedy := "; if " + number + " is one number, write it with a point: " + strings.Replace(number, ",", ".", 1)
		text := faults.Error()
		if !strings.Contains(text, "occurs twice in its axis: take one out") || !strings.Contains(text, want) || strings.Contains(text, remedy) != (want != "") {
			t.Errorf("%s: %s", line, text)
		}
	}
}
