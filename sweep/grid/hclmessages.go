package grid

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"spiqsweep/sweep"
)

// ownMessage marks a diagnostic of this package, whose message needs no translation.
type ownMessage struct{}

// translate replaces the messages of the HCL library by ones that need no
// knowledge of HCL or Go and name a remedy. It drops faults that follow from
// another one of the parser.
func translate(faults hcl.Diagnostics, source []byte) hcl.Diagnostics {
	var kept hcl.Diagnostics
	parsed := -1 // place of the last fault of the parser
	for _, fault := range faults {
		if _, own := fault.Extra.(ownMessage); own {
			fault.Extra = nil
			kept = append(kept, fault)
			continue
		}
		switch extra, ofCall := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](fault); {
		case fault.Summary == "Call to unknown function":
			fault.Summary, fault.Detail = "Unknown function", unknownFunction(fault)
		case ofCall:
			fault.Summary, fault.Detail = "Wrong call", wrongCall(extra)
		case fault.Summary == "Operation failed":
			fault.Summary, fault.Detail = "Wrong value", failedOperation(fault.Detail)
		case fault.Summary == "Invalid operand" && strings.Contains(fault.Detail, "bool required"):
			fault.Summary, fault.Detail = "Wrong value", "this must be true or false: compare numbers or texts, as in neurons > 2 && noise == \"none\""
		case fault.Summary == "Unsupported block type":
			fault.Summary, fault.Detail = "Misplaced block", misplacedBlock(quoted(fault.Detail))
		case fault.Summary == "Unsupported argument":
			fault.Summary, fault.Detail = "Misplaced name", misplacedName(quoted(fault.Detail))
		default:
			if message, ok := translations[fault.Summary]; ok {
				fault.Summary, fault.Detail = message.summary, message.detail
				break
			}
			fault.Summary, fault.Detail = syntaxFault(fault, source)
			if at := offset(fault); at >= 0 && at == parsed {
				continue
			}
			parsed = offset(fault)
		}
		fault.Expression, fault.EvalContext, fault.Extra = nil, nil, nil // unused, and they keep the syntax tree in memory
		if kept = append(kept, fault); fault.Summary == unclosed {
			break
		}
	}
	return kept
}

// quoted returns the first text in quotes of a detail.
func quoted(detail string) string {
	_, rest, _ := strings.Cut(detail, `"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// misplacedBlock returns the detail for a block in a place where HCL expects none.
func misplacedBlock(name string) string {
	blocks := append(settingBlocks(), gridName, excludeName, replicatesName)
	home, isSetting := blockOf(name)
	switch {
	case name == "variable":
		return "variable blocks stand outside the sweep block: move it above"
	case name == "sweep":
		return "a sweep block stands outside all other blocks: move it out"
	case name == untilName:
		return "until is an argument of a replicates block: write " + untilExample
	case slices.Contains(blocks, name):
		return fmt.Sprintf("%s belongs in the sweep block: move it there", name)
	case isSetting:
		text := fmt.Sprintf("%s is a setting: write %s = VALUE in the %s block", name, name, home)
		if _, axis := sweep.Lookup(name); axis {
			text += fmt.Sprintf(", or %s = [VALUES] in the grid block", name)
		}
		return text
	}
	if hint := didYouMean(name, append(blocks, "variable", "sweep")); hint != "" {
		return fmt.Sprintf("%s: there is no such block%s", name, hint)
	}
	slices.Sort(blocks)
	return fmt.Sprintf("%s: there is no such block; the sweep block has %s: use one of these", name, strings.Join(blocks, ", "))
}

// misplacedName returns the detail for a name outside all blocks.
func misplacedName(name string) string {
	home, known := blockOf(name)
	switch {
	case known && home == "sweep":
		return fmt.Sprintf("%s belongs in the sweep block: move it there", name)
	case known:
		return fmt.Sprintf("%s belongs in the %s block of the sweep block: move it there", name, home)
	case slices.Contains(append(settingBlocks(), gridName, excludeName), name):
		return fmt.Sprintf("%s is a block: write %s { … } without =, in the sweep block", name, name)
	case name == "sweep", name == "variable":
		return fmt.Sprintf("%s is a block: write %s … } without =", name, opening(name))
	}
	if meant := similar(name, allNames()); meant != nil {
		return fmt.Sprintf("%s: there is no such setting; did you mean %s?", name, strings.Join(placed(meant, nil), " or "))
	}
	return fmt.Sprintf("%s: only the blocks sweep \"NAME\" { … } and variable \"NAME\" { … } stand here: move the line into one of them", name)
}

func unknownFunction(fault *hcl.Diagnostic) string {
	name := ""
	if call, ok := fault.Expression.(*hclsyntax.FunctionCallExpr); ok {
		name = call.Name
	}
	names := slices.Sorted(maps.Keys(functions))
	if hint := didYouMean(name, names); hint != "" {
		return fmt.Sprintf("%s: there is no such function%s", name, hint)
	}
	return fmt.Sprintf("%s: there is no such function; there are %s", name, strings.Join(names, ", "))
}

func wrongCall(extra hclsyntax.FunctionCallDiagExtra) string {
	name, remedy := extra.CalledFunctionName(), usage[extra.CalledFunctionName()]
	err := extra.FunctionCallError()
	switch {
	case err == nil:
		return fmt.Sprintf("wrong arguments for %s: %s", name, remedy)
	case strings.HasPrefix(err.Error(), "all arguments must be lists"):
		return fmt.Sprintf("%s joins lists, and this is not a list: %s", name, remedy)
	case err.Error() == "argument must not be null":
		return fmt.Sprintf("%s does not accept null: %s", name, remedy)
	}
	if strings.Contains(err.Error(), ": ") { // it names its own remedy
		return fmt.Sprintf("%s: %s", name, err)
	}
	return fmt.Sprintf("%s: %s: %s", name, err, remedy)
}

func failedOperation(detail string) string {
	detail = strings.TrimSuffix(strings.TrimPrefix(detail, "Error during operation: "), ".")
	if detail == "argument must not be null" {
		return "null is not a number: write a number"
	}
	return detail
}

// translations maps HCL's summaries of faults in values to messages without the names
// of its types.
var translations = map[string]message{
	"Invalid operand":                          {"Wrong value", "arithmetic and comparisons by size need a number: write a number, or var.NAME of one; compare texts with == and !="},
	"Invalid index":                            {"No such element", "there is no such element: write the position in a list, counted from 0, or the name in an object, in quotes"},
	"Unsupported attribute":                    {"No such element", "this value has no element of that name: write elements of a list as LIST[0], those of an object as OBJECT.NAME, a variable as var.NAME"},
	"Attempt to get attribute from null value": {"Value is null", "null has no elements: give the variable a value"},
	"Attempt to index null value":              {"Value is null", "null has no elements: give the variable a value"},
	"Missing map element":                      {"No such element", "the object has no element of that name: write the name of one"},
	"Incorrect condition type":                 {"Wrong condition", "the condition before ? must be true or false: write a comparison, such as var.n > 2"},
	"Null condition":                           {"Wrong condition", "the condition before ? is null: write a comparison, such as var.n > 2"},
	"Condition is null":                        {"Wrong condition", "the condition is null: write a comparison, such as var.n > 2"},
	"Inconsistent conditional result types":    {"Wrong value", "the values before and after : must be of the same kind: write two numbers, two texts or two lists"},
	"Iteration over non-iterable value":        {"Wrong value", "a for runs over a list: write one, such as [1, 2] or range(5)"},
	"Iteration over null value":                {"Value is null", "a for runs over a list: write one, such as [1, 2] or range(5)"},
	"Invalid 'for' condition":                  {"Wrong condition", "what follows if must be true or false: write a comparison, such as x > 2"},
	"Duplicate object key":                     {"Duplicate key", "two elements have the same key: write different keys, or a list [for …]"},
	"Ambiguous attribute key":                  {"Ambiguous key", "write the key in parentheses if it is an expression, or in quotes if it is a text"},
	"Invalid object key":                       {"Wrong key", "a key must be a text: write it in quotes"},
	"Incorrect key type":                       {"Wrong key", "a key must be a text: write it in quotes"},
	"Null value as key":                        {"Wrong key", "a key must be a text, not null: write it in quotes"},
	"Invalid template interpolation value":     {"Wrong value", "${…} takes only a number, a text, true or false: write one of these"},
	"Splat of null value":                      {"Value is null", "null has no elements: give the variable a value"},
	"Invalid nested splat expressions":         {"Wrong expression", "an expression may contain [*] once: write [for x in LIST : …] for the other"},
	"Nested splat expression not allowed":      {"Wrong expression", "an expression may contain [*] once: write [for x in LIST : …] for the other"},
	"Invalid expanding argument value":         {"Wrong call", "only a list can be followed by ...: write the list, or the values with commas"},
	"Function calls not allowed":               {"Wrong call", "no function can be called here: write the value"},
}
