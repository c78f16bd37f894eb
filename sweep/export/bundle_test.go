package export_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
)

// unpacked exports a bundle and unpacks it with Python.
func unpacked(t *testing.T) string {
	t.Helper()
	python := needs.Python(t, "python3-yaml", "yaml")
	path := written(t, "bundle", example())
	folder := filepath.Join(filepath.Dir(path), "unpacked")
	run(t, python, "-m", "zipfile", "-e", path, folder)
	return folder
}

// TestManifestOfABundle has sha256sum check every file, and find one that was altered.
func TestManifestOfABundle(t *testing.T) {
	sha256sum := needs.Program(t, "sha256sum", "coreutils")
	folder := unpacked(t)
	check := func() ([]byte, error) {
		command := exec.Command(sha256sum, "--strict", "-c", "manifest.sha256")
		command.Dir = folder
		return command.CombinedOutput()
	}
	output, err := check()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if got, want := strings.Count(string(output), ": OK\n"), len(files(t, folder))-1; got != want {
		t.Errorf("%d files are checked, want %d", got, want)
	}
	table := filepath.Join(folder, "results.csv")
	if err := os.WriteFile(table, append(read(t, table), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := check(); err == nil || !strings.Contains(string(output), "results.csv: FAILED") {
		t.Errorf("an altered table: %v\n%s", err, output)
	}
}

// TestContentOfABundle checks that the tables are those of the other formats, that each
// result has a model, and that nothing names a host.
func TestContentOfABundle(t *testing.T) {
	folder := unpacked(t)
	bodies := files(t, folder)
	if bodies["results.csv"] != string(read(t, written(t, "csv", example()))) {
		t.Error("results.csv differs from the format csv")
	}
	want := map[string]bool{}
	for _, r := range recordsIn(t, example()) {
		if r.Result != nil {
			want["models/"+string(r.Task)+".json"] = true
		}
	}
	for _, name := range []string{
		"sweep.hcl", "results.csv", "summary.csv", "comparison.csv", "axes.csv", "claims.csv", "claims.md", "CITATION.cff", "ro-crate-metadata.json",
		"manifest.sha256", "figures/S1.svg", "figures/S1.pdf", "figures/S1.png", "figures/S1.csv",
	} {
		want[name] = true
	}
	for name := range want {
		if bodies[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if len(bodies) != len(want) {
		t.Errorf("%d files, want %d", len(bodies), len(want))
	}
}

// TestMetadataOfABundle checks what RO-Crate 1.1 requires of the descriptor and of the
// root, that each part is a file or folder of the bundle, and that each reference within
// the crate is that of an entity.
func TestMetadataOfABundle(t *testing.T) {
	folder := unpacked(t)
	var crate struct {
		Context string           `json:"@context"`
		Graph   []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal(read(t, filepath.Join(folder, "ro-crate-metadata.json")), &crate); err != nil {
		t.Fatal(err)
	}
	if crate.Context != "https://w3id.org/ro/crate/1.1/context" {
		t.Errorf("@context is %q", crate.Context)
	}
	entities := map[string]map[string]any{}
	for _, e := range crate.Graph {
		id, _ := e["@id"].(string)
		if id == "" || entities[id] != nil || e["@type"] == nil {
			t.Errorf("an entity without @id or @type, or a second one: %v", e)
		}
		entities[id] = e
	}
	descriptor, root := entities["ro-crate-metadata.json"], entities["./"]
	if descriptor["@type"] != "CreativeWork" || fmt.Sprint(descriptor["about"]) != "map[@id:./]" || fmt.Sprint(descriptor["conformsTo"]) != "map[@id:https://w3id.org/ro/crate/1.1]" {
		t.Errorf("the descriptor is %v", descriptor)
	}
	if root["@type"] != "Dataset" || root["datePublished"] != "2026-07-01" || root["license"] == nil || root["description"] == "" || root["name"] != "Sweep the <sweep>: quantum generative models of neural activity" {
		t.Errorf("the root is %v", root)
	}
	var refer func(any)
	refer = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				refer(e)
			}
		case map[string]any:
			id, _ := v["@id"].(string)
			if outside := strings.HasPrefix(id, "https://w3id.org/"); !outside && entities[id] == nil {
				t.Errorf("there is no entity %q", id)
			}
		}
	}
	for _, e := range crate.Graph {
		for _, v := range e {
			refer(v)
		}
	}
	parts, _ := root["hasPart"].([]any)
	for _, part := range parts {
		id := part.(map[string]any)["@id"].(string)
		info, err := os.Stat(filepath.Join(folder, id))
		if err != nil || info.IsDir() != (entities[id]["@type"] == "Dataset") {
			t.Errorf("part %s is %v, %v", id, entities[id]["@type"], err)
		}
	}
	if len(parts) < 10 {
		t.Errorf("%d parts", len(parts))
	}
	if data := entities["#data-1"]; data["identifier"] != "sha256:"+sweep.Digest(nil) || data["name"] != sweep.Printable(badName) {
		t.Errorf("the data is %v", data)
	}
}

// TestCitationOfABundle has a reader of YAML check the fields that the format requires.
func TestCitationOfABundle(t *testing.T) {
	python := needs.Python(t, "python3-yaml", "yaml")
	got := run(t, python, "-c", `
import sys, yaml
c = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
assert all(c[k] for k in ("cff-version", "message", "title", "authors")), c
print(c["title"], c["type"], c["date-released"], [r.get("version") for r in c["references"]])`, filepath.Join(unpacked(t), "CITATION.cff"))
	if want := "Sweep the <sweep>: quantum generative models of neural activity dataset 2026-07-01 ['v1 & later', None]\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
