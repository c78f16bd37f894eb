package grid

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spiqsweep/sweep"
)

// TestArithmetic maps expressions to their values, or to part of their errors.
func TestArithmetic(t *testing.T) {
	for expression, want := range map[string]string{
		"0.1 + 0.2":                         "0.3",
		"1 / 3 * 3":                         "1",
		"7 % 3":                             "1",
		"-7 % 3":                            "-1",
		"7 % -3":                            "1",
		"5.5 % 2":                           "1.5",
		"0.3 % 0.1":                         "0",
		"0 % 5":                             "0",
		"1e15 % 7":                          "6",
		"range(0, 1, 0.1)[9]":               "0.9",
		"range(3)[2]":                       "2",
		"range(-3)[2]":                      "-2",
		"range(5, 2)[0]":                    "5",
		"pow(2, 0.5)":                       "1.4142135623730951",
		"max([1, 3, 2]...)":                 "3",
		"0.1 == 0.1 ? 1 : 0":                "1",
		"0.1 + 0.2 == 0.3 ? 1 : 0":          "1",
		"0.1 + 0.2 > 0.3 ? 1 : 0":           "0",
		"2 >= 2 && 2 <= 2 && 2 != 3 ? 1: 0": "1",
		`"a" == "a" && "a" != 1 ? 1 : 0`:    "1",
		"null == null ? 1 : 0":              "1",

		"5 % 0":                  "this is a remainder of a division by 0: write another divisor",
		"5 % (1 - 1)":            "this is a remainder of a division by 0",
		"0 % 0":                  "this is a remainder of a division by 0",
		"1e300 % 7":              "the remainder is not exact where the quotient exceeds 2^53",
		"5 / 0":                  "this divides by 0: write another divisor",
		"0 / 0":                  "this divides by 0",
		"-5 / 0":                 "this divides by 0",
		"5 / 0 > 1 ? 1 : 0":      "this divides by 0",
		"pow(-1, 0.5)":           "pow: the power 0.5 of -1 is not a real number: give a base of at least 0, or a whole exponent",
		"pow(0, -1)":             "pow: the power -1 of 0 divides by 0: give",
		"pow(10, 400)":           "this number is out of range: it must be 0, or have a size from",
		"pow(10, -400)":          "this number is out of range: it must be 0, or have a size from",
		"1e308 * 1e308":          "this number is out of range: it must be 0, or have a size from",
		"1e-308 * 1e-308":        "this number is out of range: it must be 0, or have a size from",
		`"1e600000000" + 0`:      "this number is out of range: it must be 0, or have a size from",
		`max("1e600000000")`:     "this number is out of range: it must be 0, or have a size from",
		`range("1e600000000")`:   "this number is out of range",
		`pow("1e600000000", 0)`:  "this number is out of range",
		"range(10)[10]":          "the position in a list, counted from 0",
		"range(0, 1, 0)":         "range: the step is 0: write range(END)",
		"range(0, 1, 1 - 1)":     "range: the step is 0",
		"range(0, 1, -1)":        "range: steps of -1 do not lead from 0 to 1",
		"range(1025)":            "range: this gives more than 1024 values",
		"range(0, 1, 1e-300)":    "range: this gives more than 1024 values",
		"range()":                "range: it has 0 arguments: write range(END)",
		"range(1, 2, 3, 4)":      "range: it has 4 arguments",
		"range(null)":            "range does not accept null",
		"pow(1)":                 "wrong arguments for pow: write pow(BASE, EXPONENT)",
		"pow(1, 2, 3)":           "wrong arguments for pow",
		"min()":                  "min: must pass at least one number: write min(NUMBER",
		"concat(1)":              "concat joins lists, and this is not a list",
		"null + 1":               "null is not a number: write a number",
		"true + 1":               "need a number",
		`-"a"`:                   "need a number",
		"!5":                     "this must be true or false",
		"1 ? 2 : 3":              "the condition before ? must be true or false",
		"[for x in 5 : x][0]":    "a for runs over a list",
		"foo(1)":                 "foo: there is no such function; there are concat, max, min, pow, range",
		"rnge(1)":                `rnge: there is no such function; did you mean "range"?`,
		"{ a = 1 }.b":            "this value has no element of that name",
		`"${[1, 2]} or so"`:      "${…} takes only a number, a text, true or false",
		"[for x in [1]: x if 5]": "what follows if must be true or false",
	} {
		g, faults := Parse("x.hcl", []byte(fmt.Sprintf("sweep \"x\" {\n  circuit {\n    noise_low = %s\n  }\n}\n", expression)), nil)
		got := faults.Error()
		if g != nil {
			got = sweep.Format(g.Configuration(0).Circuit.NoiseLow)
		}
		if got != want && (g != nil || !strings.Contains(got, want) || !strings.Contains(got, "x.hcl:3:")) {
			t.Errorf("%s gives %s, want %s", expression, got, want)
		}
	}
}

// TestHugeVariables checks that the bounds of numbers also hold for --var.
func TestHugeVariables(t *testing.T) {
	const source = "variable \"n\" {\ndefault = 1\n}\nsweep \"x\" {\nk = \"${var.n} or so\"\n}\n"
	for text, want := range map[string]string{
		"1e600000000": "this number is out of range: it must be 0, or have a size from",
		"1e-99999":    "this number is out of range",
		"5":           `k = "5 or so": must be a number`,
		"five":        "--var n=five: must be a number, as the default is",
	} {
		if _, faults := Parse("x.hcl", []byte(source), map[string]string{"n": text}); !strings.Contains(faults.Error(), want) {
			t.Errorf("--var n=%s: %s", text, faults.Error())
		}
	}
}

// TestWholeNumbers checks that a number must be whole before it is rounded.
func TestWholeNumbers(t *testing.T) {
	for text, ok := range map[string]bool{
		"4": true, "4.0": true, "8 / 2": true, "1 / 3 * 12": true, "0.1 * 40": true,
		"4.0000000001": false, "4.0000000000000000000000001": false, "3.9999999999999999999999": false, "4 + 1e-30": false, "1e300": false,
	} {
		for _, line := range []string{"replicates = %s", "grid {\nneurons = [%s]\n}", "training {\nsteps = %s\n}"} {
			g, faults := Parse("x.hcl", []byte("sweep \"x\" {\n"+fmt.Sprintf(line, text)+"\n}\n"), nil)
			if (g != nil) != ok || !ok && !strings.Contains(faults.Error(), "must be a whole number") {
				t.Errorf("%s: %s", fmt.Sprintf(line, text), faults.Error())
			}
		}
	}
}

// TestConditionsCompareSettingsAsWritten checks that a setting equals its literal.
func TestConditionsCompareSettingsAsWritten(t *testing.T) {
	for _, condition := range []string{"k == 0.1", "k <= 0.1 && k > 0", "k == 0.3 - 0.2", "!(k > 0.1) && k != 0"} {
		g := mustParse(t, "sweep \"x\" {\ngrid {\nk = [0, 0.1, 0.2]\n}\nexclude {\nwhen = "+condition+"\n}\n}\n")
		if g.Len() != 2 || g.Configuration(1).K != 0.2 {
			t.Errorf("%s leaves %d configurations", condition, g.Len())
		}
	}
}

// inGo matches words that only readers of Go or HCL know.
var inGo = regexp.MustCompile(`goroutine|runtime error|panic|\bcty\b|go-cty|\.go:|0x[0-9a-f]{6}|%!|\bnil\b|interface|\btuple|\bbool\b|big\.|Float64|[+-]Inf|\bNaN\b|(?i)DynamicPseudo|\bstring required|unknown value`)

var remedies = regexp.MustCompile(`Expected|must be|must stand|write |give |take |did you mean|there are|use |choose |narrow|move |list at least|shorten|take it out|is a value misspelt|it changes nothing|check the exponent`)

// oddExpression draws an expression with any functions, operators and forms, whose
// arguments are mostly invalid.
func oddExpression(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		leaf := rapid.SampledFrom([]string{
			"0", "1", "-1", "0.5", "5", "1e308", "1e-308", "-1e300", "1025", "null", "true", "false", `"a"`, `""`, `"5"`, `"1e600000000"`,
			"[]", "[1, 2]", `[1, "a"]`, "[null]", "[[1]]", "{}", "{ a = 1 }", "var.x", "var.nothing", "neurons", "nonsense", "<<T\nx\nT\n",
		})
		if depth == 0 {
			return leaf.Draw(t, "leaf")
		}
		next := func() string { return oddExpression(depth-1).Draw(t, "part") }
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 0:
			return leaf.Draw(t, "leaf")
		case 1, 2, 3:
			name := rapid.SampledFrom([]string{"range", "concat", "pow", "min", "max", "range", "pow", "rnage", "a::b"}).Draw(t, "function")
			var arguments []string
			for range rapid.IntRange(0, 4).Draw(t, "arguments") {
				arguments = append(arguments, next())
			}
			call := name + "(" + strings.Join(arguments, ", ")
			if len(arguments) > 0 && rapid.Bool().Draw(t, "expanded") {
				call += "..."
			}
			return call + ")"
		case 4, 5:
			operator := rapid.SampledFrom([]string{"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"}).Draw(t, "operator")
			return "(" + next() + ") " + operator + " (" + next() + ")"
		case 6:
			return rapid.SampledFrom([]string{"-", "!"}).Draw(t, "sign") + "(" + next() + ")"
		case 7:
			return "(" + next() + ") ? (" + next() + ") : (" + next() + ")"
		case 8:
			form := rapid.SampledFrom([]string{
				"(%s)[%s]", "(%s)[*].a == %s", "(%s).a == %s", "[for x in %s : x if %s]", "{ for x in %s : x => %s }", `"${%s}-${%s}"`, `"%%{ if %s }a%%{ endif } ${%s}"`,
				"{ for k, v in %s : k => v... if %s }", "{ (%s) = %s }",
			}).Draw(t, "template")
			return fmt.Sprintf(form, next(), next())
		default:
			return "[" + next() + ", " + next() + "]"
		}
	})
}

// TestDiagnosticsOfOddExpressions checks that the error of any expression shows the
// file, the line and a remedy, and no word of Go.
func TestDiagnosticsOfOddExpressions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expression := oddExpression(3).Draw(t, "expression")
		place := rapid.SampledFrom([]string{
			"sweep \"x\" {\ngrid {\nk = [%s\n]\n}\n}\n", "sweep \"x\" {\ngrid {\nselect = %s\n}\n}\n", "sweep \"x\" {\nseed = %s\n}\n",
			"sweep \"x\" {\nreplicates = %s\n}\n", "sweep \"x\" {\ngrid {\nneurons = [2, 4]\n}\nexclude {\nwhen = %s\n}\n}\n",
			"variable \"y\" {\ndefault = %s\n}\nsweep \"x\" {\nseed = var.y\n}\n", "sweep \"x\" {\nrecording {\npath = %s\n}\n}\n",
		}).Draw(t, "place")
		source := "variable \"x\" {\ndefault = null\n}\n" + fmt.Sprintf(place, expression)
		vars := map[string]string{"x": oddExpression(1).Draw(t, "x")}
		g, faults := Parse("x.hcl", []byte(source), vars)
		if (g == nil) != faults.HasErrors() {
			t.Fatalf("%s: grid %v, errors %v", expression, g, faults.HasErrors())
		}
		for _, fault := range faults.list {
			if word := inGo.FindString(fault.Summary + ": " + fault.Detail); word != "" {
				t.Errorf("%q occurs in\n%s", word, faults.render(fault))
			}
			if fault.Subject == nil || fault.Subject.Filename != "x.hcl" || fault.Subject.Start.Line < 1 {
				t.Errorf("no place:\n%s", faults.render(fault))
			}
			if !remedies.MatchString(fault.Detail) {
				t.Errorf("no remedy:\n%s", faults.render(fault))
			}
			if strings.Contains(fault.Detail, "\n") {
				t.Errorf("several lines:\n%s", faults.render(fault))
			}
		}
	})
}
