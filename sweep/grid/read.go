package grid

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"spiqsweep/sweep"
)

// These bounds limit the parser's stack and time for any input.
const (
	// MaxBytes is the longest grid file that Parse accepts.
	MaxBytes   = 1 << 16
	maxNesting = 64
)

// Names that are written like settings but are not settings.
const (
	replicatesName = "replicates"
	pathName       = "path"
	baselinesName  = "baselines"
)

// Extra is a name of a grid file that is not a setting. It cannot be an axis.
type Extra struct {
	Name, Block  string
	Default      any // float64, string or []string
	Allowed, Doc string
}

// Extras returns the names that this version supports.
func Extras() []Extra {
	return []Extra{
		{
			Name: replicatesName, Default: 1.0, Allowed: fmt.Sprintf("a whole number from 1 to %d", maxTasks),
			Doc: "trainings of each configuration, from different seeds; " + adaptiveDoc,
		},
		{
			Name: pathName, Block: notSettings[pathName], Default: "", Allowed: "a text in quotes",
			Doc: `the recording's file, relative to the grid's; implies source = "file"; --recording replaces it`,
		},
		{
			Name: baselinesName, Block: notSettings[baselinesName], Default: []string{}, Allowed: "a list of " + sweep.Alternatives(sweep.Baselines),
			Doc: "models that are fitted to the same data and shown beside the trained ones",
		},
	}
}

// notSettings maps these names to the blocks they belong in.
var notSettings = map[string]string{replicatesName: "", pathName: "recording", baselinesName: "evaluation"}

// Parse reads a grid file. Its name appears in messages, and a relative path in it
// is relative to its folder. The map vars holds the values of --var. The grid is
// nil if the diagnostics have errors; they may have warnings alone.
func Parse(filename string, source []byte, vars map[string]string) (*Grid, Diagnostics) {
	source = bytes.TrimPrefix(source, byteOrderMark)
	grid, faults := parse(filename, source, vars, maxTasks)
	if faults.HasErrors() {
		grid = nil
	}
	return grid, newDiagnostics(faults, source)
}

func parse(filename string, source []byte, vars map[string]string, limit int) (*Grid, hcl.Diagnostics) {
	if fault := unreadable(filename, source); fault != nil {
		return nil, hcl.Diagnostics{fault}
	}
	if fault := unparsable(filename, source); fault != nil {
		return nil, hcl.Diagnostics{fault}
	}
	file, faults := hclsyntax.ParseConfig(source, filename, hcl.InitialPos)
	if faults.HasErrors() {
		return nil, faults
	}
	useOperators(file.Body.(*hclsyntax.Body))
	content, faults := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "sweep", LabelNames: []string{"name"}},
	}})
	scope, more := variables(content.Blocks.OfType("variable"), vars)
	faults = append(faults, more...)
	blocks := content.Blocks.OfType("sweep")
	if len(blocks) == 0 {
		if !faults.HasErrors() {
			faults = append(faults, failure("Missing block", `there is no sweep block: write sweep "NAME" { … }`, content.MissingItemRange))
		}
		return nil, faults
	}
	declared, more := declare(blocks[0], scope)
	faults = append(append(faults, duplicates(blocks)...), more...)
	grid, more := declared.expand(limit)
	return grid, append(faults, more...)
}

// unparsable returns the reason not to give a source to the parser, nil if there is
// none: its length, its nesting, a number that no big.Float can hold, or a
// character that looks like another, which the parser would not name.
func unparsable(filename string, source []byte) *hcl.Diagnostic {
	if len(source) > MaxBytes {
		start := hcl.Range{Filename: filename, Start: hcl.InitialPos, End: hcl.InitialPos}
		return failure("Too large", fmt.Sprintf("the file has %d bytes: must be at most %d", len(source), MaxBytes), start)
	}
	tokens, _ := hclsyntax.LexConfig(source, filename, hcl.InitialPos) // the parser reports the same faults
	depth := 0
	var alike []hclsyntax.Token
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenNumberLit:
			if overflows(string(token.Bytes)) {
				return failure("Wrong value", errHuge.Error(), token.Range)
			}
			continue
		case hclsyntax.TokenInvalid:
			if describeLookalike(token.Bytes) != "" {
				alike = append(alike, token)
			}
			continue
		default:
			continue
		}
		if depth > maxNesting {
			return failure("Nested too deeply", fmt.Sprintf("brackets are nested more than %d deep: write fewer inside each other", maxNesting), token.Range)
		}
	}
	if len(alike) == 0 {
		return nil
	}
	detail := describeLookalike(alike[0].Bytes)
	if more := len(alike) - 1; more > 0 {
		detail += fmt.Sprintf("; further such characters in the file: %d", more)
	}
	return failure("Wrong character", detail, alike[0].Range)
}

// overflows reports whether parsing a number literal silently gives infinity, or 0
// for a number that is not 0.
func overflows(literal string) bool {
	value, err := cty.ParseNumberVal(literal)
	if err != nil {
		return false // the parser reports it
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(literal), "e")
	number := value.AsBigFloat()
	return number.IsInf() || number.Sign() == 0 && strings.ContainsAny(mantissa, "123456789")
}

// duplicates reports every block but the first of a type that may occur once.
func duplicates(blocks hcl.Blocks) hcl.Diagnostics {
	var faults hcl.Diagnostics
	for i, block := range blocks {
		if i > 0 {
			faults = append(faults, failure("Duplicate block",
				fmt.Sprintf("line %d has a %s block already: join the two", blocks[0].DefRange.Start.Line, block.Type), block.DefRange))
		}
	}
	return faults
}

// attributes returns the attributes of a block, in the order written, and its inner
// blocks. It reports names and types of blocks that are not among those given.
func attributes(block *hcl.Block, names, inner []string) ([]*hcl.Attribute, hcl.Blocks, hcl.Diagnostics) {
	schema := &hcl.BodySchema{}
	for _, name := range inner {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	var found []*hcl.Attribute
	var faults hcl.Diagnostics
	for _, written := range block.Body.(*hclsyntax.Body).Attributes {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: written.Name})
		if slices.Contains(names, written.Name) {
			found = append(found, written.AsHCLAttribute())
			continue
		}
		summary, detail := unknownName(written.Name, block.Type, names, inner)
		faults = append(faults, failure(summary, detail, written.NameRange))
	}
	slices.SortFunc(found, func(a, b *hcl.Attribute) int {
		return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte)
	})
	content, more := block.Body.Content(schema)
	return found, content.Blocks, append(faults, more...)
}

// unknownName describes a name that does not belong in a block, and suggests where
// it belongs or which name may be meant.
func unknownName(name, block string, names, inner []string) (summary, detail string) {
	if slices.Contains(inner, name) {
		return "Misplaced name", fmt.Sprintf("%s is a block: write %s { … } without =", name, name)
	}
	if home, known := blockOf(name); known {
		return "Misplaced name", fmt.Sprintf("%s belongs in the %s block: move it there", name, home)
	}
	if meant := similar(name, append(append(names, inner...), allNames()...)); meant != nil {
		return "Unknown name", fmt.Sprintf("%s: there is no such setting; did you mean %s?", name, strings.Join(placed(meant, names), " or "))
	}
	return "Unknown name", fmt.Sprintf("%s: there is no such setting; the %s block has %s", name, block, strings.Join(names, ", "))
}

// allNames returns the names of all blocks.
func allNames() []string { return append(settingNames(), replicatesName, pathName, baselinesName) }

// placed quotes names, and adds the block of each that is not among the names of
// the present block.
func placed(meant, present []string) []string {
	var places []string
	for _, name := range meant {
		place := strconv.Quote(name)
		if home, known := blockOf(name); known && !slices.Contains(present, name) {
			place += " in the " + home + " block"
		}
		places = append(places, place)
	}
	return places
}

// blockOf returns the type of the block in which a name belongs.
func blockOf(name string) (block string, known bool) {
	block, known = notSettings[name]
	if s, ok := sweep.Lookup(name); ok {
		block, known = s.Block, true
	}
	if block == "" {
		block = "sweep"
	}
	return block, known
}
