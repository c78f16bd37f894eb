package grid

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// syntaxFault describes a fault of the parser of HCL, by its summary and the text from its
// place to the end of the line.
func syntaxFault(fault *hcl.Diagnostic, source []byte) (summary, detail string) {
	rest := restOfLine(fault, source)
	switch {
	case fault.Summary == "Argument or block definition required":
		return "Wrong syntax", wrongItem(rest)
	case fault.Summary == "Attribute redefined":
		name := quoted(fault.Detail)
		at := redefinedAt.FindStringSubmatch(fault.Detail)
		if at == nil {
			return "Duplicate name", name + " is given twice: take one of the two out"
		}
		return "Duplicate name", fmt.Sprintf("%s is given twice, first on line %s: take one of the two out", name, at[1])
	case fault.Summary == "Invalid character", fault.Summary == "Unsupported operator":
		return "Wrong character", wrongCharacter(rest)
	case fault.Summary == "Invalid argument name":
		return "Wrong syntax", "the name of a setting has no quotation marks: write NAME = VALUE"
	case strings.HasPrefix(fault.Summary, "Extraneous label for "):
		block := strings.TrimPrefix(fault.Summary, "Extraneous label for ")
		number := "no name"
		if block == "sweep" || block == "variable" {
			number = "one name"
		}
		return "Wrong block", fmt.Sprintf("a %s block has %s: write %s", block, number, opening(block))
	case strings.HasPrefix(fault.Summary, "Missing name for "):
		block := strings.TrimPrefix(fault.Summary, "Missing name for ")
		return "Missing name", fmt.Sprintf("a %s block has a name: write %s", block, opening(block))
	case fault.Summary == "Invalid string literal" && (strings.HasPrefix(rest, "${") || strings.HasPrefix(rest, "%{")):
		return "Wrong name", "the name of a block takes no ${…}: write the name itself"
	case strings.HasSuffix(fault.Summary, " directive"), strings.HasPrefix(fault.Summary, "Extra characters in "):
		return "Wrong text", wrongTemplate
	}
	if message, ok := syntaxMessages[fault.Summary]; ok {
		return message.summary, message.detail
	}
	return "Wrong syntax", "this cannot be read: write NAME = VALUE for a setting, NAME { … } for a block, and each on a separate line"
}

// redefinedAt finds the line of the first definition in HCL's detail.
var redefinedAt = regexp.MustCompile(`:(\d+),[\d,-]+\. Each argument may be set only once\.$`)

// restOfLine returns the source from the place of a fault to the end of its line.
func restOfLine(fault *hcl.Diagnostic, source []byte) string {
	start := offset(fault)
	if start < 0 || start > len(source) {
		return ""
	}
	line, _, _ := bytes.Cut(source[start:], []byte("\n"))
	return strings.TrimSpace(string(line))
}

// opening returns how a block begins.
func opening(block string) string {
	if block == "sweep" || block == "variable" {
		return block + ` "NAME" {`
	}
	return block + " {"
}

var itemName = regexp.MustCompile(`^[\pL_][\pL\pN_-]*`)

// wrongItem describes a line that is neither a setting nor the beginning of a block.
func wrongItem(line string) string {
	name := itemName.FindString(line)
	rest := strings.TrimSpace(strings.TrimPrefix(line, name))
	switch {
	case strings.HasPrefix(line, "}"):
		return "this } closes no block: take it out, or write the { that it belongs to"
	case strings.HasPrefix(line, "/*"):
		return "this comment is not closed: write */ at its end, or begin each of its lines with #"
	case name == "":
		return "a line begins with a name: write NAME = VALUE for a setting, or NAME { … } for a block"
	case slices.Contains(append(settingBlocks(), "sweep", "variable", gridName, excludeName), name):
		return fmt.Sprintf("%s is a block: write %s, then its lines, and } after them", name, opening(name))
	case strings.HasPrefix(rest, "."), strings.HasPrefix(rest, "["):
		return fmt.Sprintf("%s cannot be divided: write the name of a setting alone, in its block", name)
	default: // as with a colon, == or no sign at all
		return fmt.Sprintf("%s needs a single equals sign: write %s = VALUE for a setting, or %s { … } for a block", name, name, name)
	}
}

// wrongCharacter describes a character that HCL does not know.
func wrongCharacter(rest string) string {
	switch {
	case strings.HasPrefix(rest, "'"), strings.HasPrefix(rest, "`"):
		return fmt.Sprintf(`texts stand in double quotes: write " in place of %c`, rest[0])
	case strings.HasPrefix(rest, ";"):
		return "a line ends without a semicolon: take it out, and write what follows on the next line"
	case strings.HasPrefix(rest, "&"), strings.HasPrefix(rest, "|"):
		return "there is no such operator: write && for and, || for or"
	default:
		return "this character has no meaning here: take it out, or write a text in double quotes"
	}
}

// wrongTemplate is the detail for a % or $ with a brace in a text.
const wrongTemplate = "within a text, ${ and %{ begin an expression that } ends: write ${VALUE}, or $${ and %%{ for the characters themselves"

// unclosed is the summary of a text without an end. What follows it is read with quotation marks
// the wrong way round, so that further faults mean nothing.
const unclosed = "Unclosed text"

// message is a summary and a detail.
type message struct{ summary, detail string }

var (
	unclosedText = message{unclosed, `this text is not closed: write " after it, on the line where it begins, or, after <<WORD, the WORD alone on a line`}
	oneLine      = message{"Wrong syntax", "a block on one line holds one setting and its }: write each setting, each inner block and the last } on a separate line"}
	nextLine     = message{"Wrong syntax", "the line must end before this: write what follows, also a }, on the next line"}
	noParen      = message{"Unclosed bracket", "a ) is missing before this: write it"}
	wrongFor     = message{"Wrong expression", "a list made of another is written [for x in LIST : VALUE], or [for x in LIST : VALUE if CONDITION]: write it so"}
	wrongElement = message{"Wrong expression", "elements of a list are written LIST[0], those of an object OBJECT.NAME, and a variable var.NAME: write it so"}
	wrongPair    = message{"Wrong expression", "an element in braces is written NAME = VALUE, and a list stands in brackets, such as [2, 4]: write one of these"}
	wrongText    = message{"Wrong text", wrongTemplate}
	openBlock    = message{"Unclosed block", "this block is not closed: write } after its last line, and one for each block within it"}
)

// syntaxMessages maps HCL's summaries to messages without its words.
var syntaxMessages = map[string]message{
	"Unclosed configuration block":                    openBlock,
	"Unclosed configuration body":                     openBlock,
	"Invalid block definition":                        {"Wrong syntax", "this line is neither a setting nor the beginning of a block: write NAME = VALUE, or end the line with the { of the block"},
	"Invalid single-argument block definition":        oneLine,
	"Argument definition required":                    oneLine,
	"Missing newline after argument":                  nextLine,
	"Missing newline after block definition":          nextLine,
	"Unexpected comma after argument":                 {"Wrong syntax", "no comma follows a value: write a list in brackets, as in [4, 6], a decimal number with a point, as in 0.5, and each setting on a separate line"},
	"Invalid multi-line string":                       unclosedText,
	"Unterminated template string":                    unclosedText,
	"Unterminated string literal":                     unclosedText,
	"Invalid string literal":                          unclosedText,
	"Invalid escape sequence":                         {"Wrong text", `\ begins a special character, such as \n or \": write \\ for the character itself`},
	"Unbalanced parentheses":                          noParen,
	"Missing closing parenthesis":                     noParen,
	"Unterminated function call":                      noParen,
	"Missing argument separator":                      {"Missing comma", "a comma between two arguments, or the ) after the last, is missing before this: write it"},
	"Missing item separator":                          {"Missing comma", "a comma between two values of a list, or the ] after the last, is missing before this: write it"},
	"Unterminated tuple constructor expression":       {"Unclosed bracket", "this [ is not closed: write ] after the last value, and a comma between two values"},
	"Unterminated object constructor expression":      {"Unclosed bracket", "this { is not closed: write } after the last element"},
	"Missing key/value separator":                     wrongPair,
	"Missing attribute value":                         wrongPair,
	"Missing attribute separator":                     wrongPair,
	"Missing false expression in conditional":         {"Wrong expression", "a condition has two values: write CONDITION ? VALUE : OTHER_VALUE"},
	"Invalid 'for' expression":                        wrongFor,
	"Invalid legacy index syntax":                     wrongElement,
	"Invalid attribute name":                          wrongElement,
	"Attribute name required":                         wrongElement,
	"Variable name required":                          wrongElement,
	"Missing close bracket on index":                  wrongElement,
	"Missing close bracket on splat index":            wrongElement,
	"Unclosed index brackets":                         wrongElement,
	"Index value required":                            wrongElement,
	"Unexpected end of template":                      wrongText,
	"Unclosed template interpolation sequence":        wrongText,
	"Extra characters after interpolation expression": wrongText,
	"Invalid template directive":                      wrongText,
	"Invalid template control keyword":                wrongText,
	"Extra characters after expression":               {"Wrong expression", "the value ends before this: write a text in quotes, a list in brackets, and an operator between two numbers"},
	"Invalid number literal":                          {"Wrong number", "this is not a number: write digits with at most one point, such as 0.05 or 1e-3"},
	"Invalid expression":                              {"Missing value", "a value is missing here: write a number, true or false, a text in quotes, or a list in brackets"},
	"Missing expression":                              {"Missing value", "a value is missing here: write a number, true or false, a text in quotes, or a list in brackets"},
}
