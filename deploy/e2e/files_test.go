//go:build unix

package e2e

import (
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// allFilesGrid is the grid of a sweep that writes every kind of file.
const allFilesGrid = `sweep "files" {
  seed       = 1
  replicates = 3
  grid {
    neurons   = [2, 3]
    timesteps = [1, 2]
    k         = [0, 1]
    entangler = ["chain", "none"]
  }
  training {
    steps = 10
  }
}
`

// Python programs that read one file, and fail if it is malformed. readCSV checks
// that every row has the header's fields, and that every column which
// sweep/table/README.md calls a number holds numbers.
const (
	readCSV = `
import csv, re, sys
numbers = set(re.findall(r"\| .(\w+). \| number \|", open(sys.argv[2], encoding="utf-8").read()))
rows = list(csv.reader(open(sys.argv[1], encoding="utf-8", newline=""), strict=True))
assert len(rows) > 1, "no rows"
assert len(set(rows[0])) == len(rows[0]), rows[0]
for row in rows[1:]:
    assert len(row) == len(rows[0]), row
    for name, value in zip(rows[0], row):
        if name in numbers and value:
            assert abs(float(value)) < float("inf"), (name, value)
        assert value.isprintable(), (name, value)
`
	readJSON = `
import json, sys
def distinct(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)
def refuse(constant):
    raise ValueError(constant)
assert isinstance(json.load(open(sys.argv[1], encoding="utf-8"), object_pairs_hook=distinct, parse_constant=refuse), dict)
`
	readTable = `
import sys
table = [line.split("|") for line in open(sys.argv[1], encoding="utf-8") if line.startswith("|")]
assert len(table) > 2 and len({len(row) for row in table}) == 1, table
`
	readPNG = `
import struct, sys, zlib
body = open(sys.argv[1], "rb").read()
assert body[:8] == b"\x89PNG\r\n\x1a\n"
at, pixels, names = 8, b"", []
while at < len(body):
    size, name = struct.unpack(">I4s", body[at:at + 8])
    data = body[at + 8:at + 8 + size]
    assert zlib.crc32(name + data) == struct.unpack(">I", body[at + 8 + size:at + 12 + size])[0], name
    names.append(name)
    pixels += data if name == b"IDAT" else b""
    at += 12 + size
assert names[0] == b"IHDR" and names[-1] == b"IEND" and zlib.decompress(pixels)
`
)

// TestOtherProgramsOpenEveryFile opens each file of an output folder with a
// third-party program. It fails on a file that it does not know.
func TestOtherProgramsOpenEveryFile(t *testing.T) {
	t.Parallel()
	python := needs.Python(t, "python3-numpy", "numpy")
	sqlite := needs.Program(t, "sqlite3", "sqlite3")
	openssl := needs.Program(t, "openssl", "openssl")
	rsvg := needs.Program(t, "rsvg-convert", "librsvg2-bin")
	pdftotext := needs.Program(t, "pdftotext", "poppler-utils")

	folder := t.TempDir()
	grid := filepath.Join(folder, "grid.hcl")
	if err := os.WriteFile(grid, []byte(allFilesGrid), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out")
	_, port, err := net.SplitHostPort(needs.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	start(t, "", "coordinator", "--grid", grid, "--out", out, "--local", "2",
		"--listen", net.JoinHostPort("0.0.0.0", port), "--advertise", net.JoinHostPort("localhost", port)).expect(0)

	readers := []struct {
		files   string // pattern of the path within the folder
		command func(file string) []string
	}{
		{`\.csv$`, func(f string) []string { return []string{python, "-c", readCSV, f, "../../sweep/table/README.md"} }},
		{`^models/.*\.json$`, func(f string) []string { return []string{python, "-B", "../../sweep/model/model.py", f} }},
		{`^claims\.md$`, func(f string) []string { return []string{python, "-c", readTable, f} }},
		{`\.json$`, func(f string) []string { return []string{python, "-c", readJSON, f} }},
		{`\.png$`, func(f string) []string { return []string{python, "-c", readPNG, f} }},
		{`\.svg$`, func(f string) []string { return []string{rsvg, "-o", filepath.Join(folder, "svg.png"), f} }},
		{`\.pdf$`, func(f string) []string { return []string{pdftotext, f, os.DevNull} }},
		{`^sweep\.db$`, func(f string) []string {
			return []string{"/bin/sh", "-c", `test "$("$0" "file:$1?immutable=1" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok`, sqlite, f}
		}},
		{`^ca\.pem$`, func(f string) []string { return []string{openssl, "x509", "-in", f, "-noout", "-checkend", "3600"} }},
		{`^ca-key\.pem$`, func(f string) []string { return []string{openssl, "pkey", "-in", f, "-noout", "-check"} }},
		{`^(sweep\.hcl|sweep\.id|store\.url|\.lock|.*\.owner)$`, nil}, // only spiqsweep reads these
	}
	opened := map[string]int{}
	err = filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		for _, r := range readers {
			if !regexp.MustCompile(r.files).MatchString(name) {
				continue
			}
			opened[r.files]++
			if r.command == nil {
				return nil
			}
			command := r.command(path)
			output, err := exec.Command(command[0], command[1:]...).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, output)
			} else if said := strings.ToLower(string(output)); strings.Contains(said, "warning") || strings.Contains(said, "error") {
				t.Errorf("%s: %s", name, output)
			}
			return nil
		}
		t.Errorf("no program opens %s", name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readers {
		if opened[r.files] == 0 {
			t.Errorf("no file is called %s", r.files)
		}
	}
	t.Logf("opened: %v", opened)

	// A notebook recomputes the errors from the vectors of an export.
	export := filepath.Join(folder, "results.jsonl")
	start(t, "", "coordinator", "export", "--out", out, "--format", "jsonl", "--to", export).expect(0)
	notebook := exec.Command(python, "-B", "../../sweep/examples/notebook.py", out, export)
	notebook.Env = append(os.Environ(), "MPLCONFIGDIR="+folder)
	output, err := notebook.CombinedOutput()
	for _, want := range []string{"48 trainings", "every training recomputed", "K = 1: n = 2: "} {
		if err != nil || !strings.Contains(string(output), want) {
			t.Fatalf("the notebook does not print %q: %v\n%s", want, err, output)
		}
	}
}
