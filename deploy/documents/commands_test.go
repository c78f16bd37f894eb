//go:build unix

package documents

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A command is what a document tells its reader to run or to write.
type command struct {
	file string // relative to the root folder
	line int
	kind kind
	text string
}

func (c command) String() string {
	first, _, _ := strings.Cut(c.text, "\n")
	return fmt.Sprintf("%s:%d: %s", c.file, c.line, first)
}

type kind int

const (
	shell  kind = iota
	grid        // a grid file, or a block of one
	python      // a program
)

var (
	shellLine = regexp.MustCompile(`^(coordinator|worker|make|go|python3|npm|export|chmod|scp|createdb|sqlite3|pg_dump|install|systemctl|kubectl|snakemake)( |$)`)
	gridLine  = regexp.MustCompile(`^(sweep|variable) "|^[a-z_]+ \{$`)
	codeSpan  = regexp.MustCompile("`([^`]+)`")
	comment   = regexp.MustCompile(` +#( .*)?$`)
)

// fromMarkdown returns the commands of a document in its order: the lines of its blocks of
// code, and the spans of code in its text that name a program with arguments. In a row of a
// table, the further spans of the first cell are commands of the same program.
func fromMarkdown(file, text string) (found []command, err error) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		var block []string
		first := i + 1 // number of its first line
		language, fenced := strings.CutPrefix(line, "```")
		switch {
		case fenced:
			end := slices.Index(lines[i+1:], "```")
			if end < 0 {
				return nil, fmt.Errorf("%s:%d: the block does not end", file, i+1)
			}
			block, first = lines[i+1:i+1+end], i+2
			i += end + 1
		case indent(line) >= 4 && i > 0 && (lines[i-1] == "" || !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "-") && indent(lines[i-1]) == 0 && strings.HasPrefix(lines[i-1], "#")):
			end := i
			for end < len(lines) && (indent(lines[end]) >= 4 || lines[end] == "" && end+1 < len(lines) && indent(lines[end+1]) >= 4) {
				end++
			}
			block = lines[i:end]
			i = end - 1
		default:
			found = append(found, fromText(file, i+1, line)...)
			continue
		}
		inBlock, err := fromBlock(file, first, language, block)
		if err != nil {
			return nil, err
		}
		found = append(found, inBlock...)
	}
	return found, nil
}

// indent returns the number of spaces before a line, 0 for an empty one.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// fromBlock returns the commands of a block of code.
func fromBlock(file string, first int, language string, block []string) (found []command, err error) {
	left := 1000
	for _, line := range block {
		if line != "" {
			left = min(left, indent(line))
		}
	}
	block = slices.Clone(block)
	for i := range block {
		block[i] = strings.TrimRight(block[i][min(left, len(block[i])):], " ")
	}
	switch {
	case language == "python":
		return []command{{file, first, python, strings.Join(block, "\n")}}, nil
	case shellLine.MatchString(block[0]) && synopses[file] != "":
		return nil, nil
	case shellLine.MatchString(block[0]):
		for i, line := range block {
			if !shellLine.MatchString(line) && line != "" {
				return nil, fmt.Errorf("%s:%d: %q is not a command of a known program: extend shellLine", file, first+i, line)
			}
			if line = comment.ReplaceAllString(line, ""); line != "" {
				found = append(found, command{file, first + i, shell, line})
			}
		}
		return found, nil
	case gridLine.MatchString(block[0]):
		return []command{{file, first, grid, strings.Join(block, "\n")}}, nil
	}
	return nil, fmt.Errorf("%s:%d: a block of code that begins with %q: neither commands nor a grid nor Python", file, first, block[0])
}

// fromText returns the commands in a line of text.
func fromText(file string, number int, line string) (found []command) {
	cell := line
	if strings.HasPrefix(line, "|") {
		cell, _, _ = strings.Cut(line[1:], "|")
	}
	program := ""
	for i, span := range codeSpan.FindAllStringSubmatch(line, -1) {
		text := span[1]
		isCommand := shellLine.MatchString(text) && (strings.Contains(text, " ") || text == "make")
		if i == 0 && isCommand && cell != line {
			program, _, _ = strings.Cut(text, " ")
		}
		if !isCommand && program != "" && strings.Contains(cell, "`"+text+"`") {
			text, isCommand = program+" "+text, true
		}
		if isCommand {
			found = append(found, command{file, number, shell, text})
		}
	}
	return found
}

// fromHelp returns the examples in the help of a program's command, which is named by its
// arguments, and of the commands below it.
func fromHelp(program string, arguments ...string) (found []command, err error) {
	help, err := exec.Command(program, append(arguments, "--help")...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s --help: %w", program, arguments, err)
	}
	section, examples := "", 0
	for i, line := range strings.Split(string(help), "\n") {
		words := strings.Fields(line)
		switch {
		case strings.HasSuffix(line, ":") && indent(line) == 0:
			section = line
		case len(words) == 0:
		case section == "Examples:":
			examples++
			file := strings.Join(append([]string{filepath.Base(program)}, append(arguments, "--help")...), " ")
			found = append(found, command{file, i + 1, shell, strings.TrimSpace(line)})
		case section == "Available Commands:" && words[0] != "help":
			below, err := fromHelp(program, append(slices.Clone(arguments), words[0])...)
			if err != nil {
				return nil, err
			}
			found = append(found, below...)
		}
	}
	if examples == 0 {
		return nil, fmt.Errorf("%s %s --help has no example", filepath.Base(program), strings.Join(arguments, " "))
	}
	return found, nil
}

var commandInComment = regexp.MustCompile(`^(?:# +|    )((?:coordinator|worker|python3) .*)$`)

// fromComments returns the commands that stand on separate lines in the comment that a
// grid or a Python program begins with.
func fromComments(file, text string) (found []command) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 && line == `"""` || !strings.HasPrefix(line, "#") && strings.HasSuffix(file, ".hcl") {
			break
		}
		if match := commandInComment.FindStringSubmatch(line); match != nil {
			found = append(found, command{file, i + 1, shell, match[1]})
		}
	}
	return found
}

// root is the root folder of the repository.
const root = "../.."

// build builds the programs and returns their folder.
func build(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if output, err := exec.Command("go", "build", "-o", folder, "spiqsweep/coordinator", "spiqsweep/worker").CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, output)
	}
	return folder
}

// allCommands returns the commands of all documents, each text once: those of README.md
// first, then those of the other documents, the help texts, and the examples.
func allCommands(t *testing.T) (all []command) {
	t.Helper()
	seen := map[string]bool{}
	add := func(found []command, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		for _, c := range found {
			if reason := synopses[c.file]; reason != "" && c.kind == shell || seen[c.text] {
				continue
			}
			seen[c.text] = true
			all = append(all, c)
		}
	}
	for _, file := range markdownFiles(t) {
		add(fromMarkdown(file, read(t, file)))
	}
	for _, program := range []string{"coordinator", "worker"} {
		add(fromHelp(filepath.Join(build(t), program)))
	}
	for _, pattern := range []string{"sweep.hcl", "sweep/examples/*.hcl", "sweep/examples/*.py", "sweep/model/*.py"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Errorf("%s: %d files: %v", pattern, len(files), err)
		}
		for _, path := range files {
			file, _ := filepath.Rel(root, path)
			add(fromComments(file, read(t, file)), nil)
		}
	}
	return all
}

// markdownFiles returns the Markdown files of the repository, README.md first.
func markdownFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "testdata" || name == "node_modules" || name == "runs" || name == ".git"):
			return filepath.SkipDir
		case filepath.Ext(name) == ".md":
			file, err := filepath.Rel(root, path)
			files = append(files, file)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Or(strings.Count(a, "/")-strings.Count(b, "/"), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	if len(files) < 9 || files[0] != "README.md" {
		t.Fatalf("%d documents, the first is %q", len(files), files[0])
	}
	return files
}

// rank orders the documents of a folder: a README is read first, and the commands of
// CONTRIBUTING.md change the tree.
func rank(file string) int {
	switch file {
	case "README.md":
		return 0
	case "CONTRIBUTING.md":
		return 2
	}
	return 1
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFromMarkdown(t *testing.T) {
	text := strings.Join([]string{
		"# Title",
		"    go run ./coordinator    # run it",
		"    make test",
		"",
		"Text with `coordinator init` and `coordinator`, `sweep.hcl` and `make`.",
		"| `coordinator pause`, `resume` | see `results.csv`, `coordinator list` |",
		"",
		"    sweep \"a\" {",
		"      seed = 1 # not cut",
		"",
		"    }",
		"- An item:",
		"",
		"      replicates {",
		"        min = 3",
		"      }",
		"",
		"```python",
		"print(1)",
		"```",
	}, "\n")
	found, err := fromMarkdown("x.md", text)
	if err != nil {
		t.Fatal(err)
	}
	want := []command{
		{"x.md", 2, shell, "go run ./coordinator"},
		{"x.md", 3, shell, "make test"},
		{"x.md", 5, shell, "coordinator init"},
		{"x.md", 5, shell, "make"},
		{"x.md", 6, shell, "coordinator pause"},
		{"x.md", 6, shell, "coordinator resume"},
		{"x.md", 6, shell, "coordinator list"},
		{"x.md", 8, grid, "sweep \"a\" {\n  seed = 1 # not cut\n\n}"},
		{"x.md", 14, grid, "replicates {\n  min = 3\n}"},
		{"x.md", 19, python, "print(1)"},
	}
	if !slices.Equal(found, want) {
		t.Errorf("found\n%v, want\n%v", found, want)
	}
	for _, faulty := range []string{"```python\nx", "\n    what is this\n", "\n    make test\n    rm -r .\n"} {
		if found, err := fromMarkdown("x.md", faulty); err == nil {
			t.Errorf("%q: no error, and %v", faulty, found)
		}
	}
}

func TestFromComments(t *testing.T) {
	found := fromComments("x.hcl", "# A sweep\n#\n#   coordinator --grid x.hcl\n\nvariable {}\n# coordinator plan\n")
	if want := []command{{"x.hcl", 3, shell, "coordinator --grid x.hcl"}}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	found = fromComments("x.py", "\"\"\"A program\n\n    python3 x.py\n\"\"\"\n    coordinator = 1\n")
	if want := []command{{"x.py", 3, shell, "python3 x.py"}}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}
