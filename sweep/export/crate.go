package export

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"spiqsweep/sweep"
)

// entity is an entity of an RO-Crate.
type entity map[string]any

// reference refers to an entity.
func reference(id string) entity { return entity{"@id": id} }

const paperID = "https://arxiv.org/abs/2409.09125"

// writeCrate writes ro-crate-metadata.json, by RO-Crate 1.1: the files but the single
// models and figures, the software, and the data.
func writeCrate(w io.Writer, s Sweep, figures bool) error {
	part := func(id, kind, name, mediaType string) entity {
		e := entity{"@id": id, "@type": kind, "name": name}
		if mediaType != "" {
			e["encodingFormat"] = mediaType
		}
		return e
	}
	parts := []entity{part("sweep.hcl", "File", "The grid of the sweep, as it was run", "text/plain")}
	for _, t := range tablesOf(s) {
		parts = append(parts, part(t.name, "File", t.meaning, t.mediaType))
	}
	parts = append(parts,
		part("models/", "Dataset", "The trained models, models/TASK.json, by the column task of results.csv", ""),
		part("CITATION.cff", "File", "How to cite this sweep", "application/yaml"),
		part("manifest.sha256", "File", "The SHA-256 of every other file, for sha256sum -c", "text/plain"))
	if figures {
		parts = append(parts, part("figures/", "Dataset", "The paper's figures as SVG, PDF and PNG, and the plotted numbers as CSV", ""))
	}
	var partIDs, dataIDs []entity
	for _, p := range parts {
		partIDs = append(partIDs, reference(p["@id"].(string)))
	}
	var data []entity
	for i, d := range s.Data {
		id := fmt.Sprintf("#data-%d", i+1)
		dataIDs = append(dataIDs, reference(id))
		data = append(data, entity{"@id": id, "@type": "Dataset", "name": sweep.Printable(d.Name), "identifier": "sha256:" + d.SHA256, "description": "Spikes that models were trained on; the digest covers the bits of the selected neurons"})
	}
	date := s.CreatedAt.UTC().Format("2006-01-02")
	graph := []entity{
		{"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": reference("./"), "conformsTo": reference("https://w3id.org/ro/crate/1.1")},
		{
			"@id": "./", "@type": "Dataset", "name": title(s), "description": description, "datePublished": date,
			"license": reference("#licence"), "hasPart": partIDs, "mentions": reference("#run"), "citation": reference(paperID),
		},
		{"@id": "#licence", "@type": "CreativeWork", "name": "not chosen yet", "description": "The authors of this sweep choose the licence of its results before they publish them."},
		{"@id": paperID, "@type": "ScholarlyArticle", "name": "Exploring Biological Neuronal Correlations with Quantum Generative Models"},
		{"@id": "#spiqsweep", "@type": "SoftwareApplication", "name": "spiqsweep", "softwareVersion": s.Software, "description": arithmetic(s)},
		{"@id": "#run", "@type": "CreateAction", "name": "The run of the sweep", "instrument": reference("#spiqsweep"), "object": dataIDs, "result": reference("./")},
	}
	graph = append(append(graph, parts...), data...)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		Context string   `json:"@context"`
		Graph   []entity `json:"@graph"`
	}{"https://w3id.org/ro/crate/1.1/context", graph})
}

const description = "A sweep of quantum generative models of neural activity: settings, tables of errors, figures and trained models."

func title(s Sweep) string {
	return fmt.Sprintf("Sweep %s: quantum generative models of neural activity", sweep.Printable(s.Name))
}

// arithmetic describes what decides the bits of the results beside the settings.
func arithmetic(s Sweep) string {
	return fmt.Sprintf("numerics version %d, kernel class %s", s.Numerics, s.KernelClass)
}

// citation returns CITATION.cff. A text in it is written as JSON, which YAML includes.
func citation(s Sweep) string {
	quoted := func(text string) string {
		var b strings.Builder
		out := json.NewEncoder(&b)
		out.SetEscapeHTML(false)
		_ = out.Encode(text) // a string can be encoded
		return strings.TrimSuffix(b.String(), "\n")
	}
	return fmt.Sprintf(`cff-version: 1.2.0
message: "Put your names in the place of the authors. Cite the sweep together with the software, the paper and the recording."
title: %s
abstract: %s
type: dataset
date-released: %s
authors:
  - name: "The authors of the sweep"
references:
  - type: software
    title: "spiqsweep"
    version: %s
    authors:
      - name: "The spiqsweep authors"
  - type: article
    title: "Exploring Biological Neuronal Correlations with Quantum Generative Models"
    year: 2024
    authors:
      - {family-names: Hernandes, given-names: Vinicius}
      - {family-names: Greplova, given-names: Eliska}
    identifiers:
      - {type: other, value: "arXiv:2409.09125"}
`, quoted(title(s)), quoted(description), s.CreatedAt.UTC().Format("2006-01-02"), quoted(s.Software))
}
