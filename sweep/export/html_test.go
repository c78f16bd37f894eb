package export_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
)

// TestReport parses the report as a browser does. It checks that it has no script and no
// resource outside of itself, that names are escaped, and what it shows.
func TestReport(t *testing.T) {
	body := string(read(t, written(t, "html", example())))
	page, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	var text strings.Builder
	for node := range page.Descendants() {
		switch node.Type {
		case html.TextNode:
			text.WriteString(node.Data + "\n")
		case html.ElementNode:
			counts[node.Data]++
			for _, a := range node.Attr {
				switch {
				case a.Key == "src" || a.Key == "href" || a.Key == "action" || a.Key == "data" || strings.HasPrefix(a.Key, "on"):
					t.Errorf("<%s %s=%q>", node.Data, a.Key, a.Val)
				case strings.Contains(a.Val, "url("):
					t.Errorf("<%s %s=%q>", node.Data, a.Key, a.Val)
				}
			}
		default:
		}
	}
	for _, element := range []string{"script", "iframe", "link", "object", "b", "sweep"} {
		if counts[element] > 0 {
			t.Errorf("%d elements <%s>", counts[element], element)
		}
	}
	if counts["svg"] != 1 || counts["path"] < 100 || counts["h1"] != 1 {
		t.Errorf("%d drawings of %d paths, %d headings", counts["svg"], counts["path"], counts["h1"])
	}
	shown := text.String()
	results := sweep.Digest(read(t, written(t, "csv", example())))
	for _, want := range []string{
		"Sweep the <sweep>: quantum generative models", "6 configurations, 13 trainings: 10 done, 1 failed, 1 diverged",
		sweep.Printable(badName), "2, 3 neurons", "CNOTs (entangler: chain, none)", results, sweep.Digest([]byte("sweep \"the <sweep>\" {}\n")),
		"v1 & later", "were trained on " + sweep.Printable(badName) + " with", "The error of P(k) falls", "mse_k_probability",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the text has no %q", want)
		}
	}
	if strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "\u202e") || strings.Contains(body, "NaN") {
		t.Error("the report has a value that the template refused, a control character, or NaN")
	}
}

// TestReportNamesWhatPresetsSet checks that the paragraph on methods has the settings in
// which the presets of a sweep differ, with the values of each.
func TestReportNamesWhatPresetsSet(t *testing.T) {
	var records []export.Record
	for i, preset := range sweep.Presets() {
		if preset.Name != "paper" && preset.Name != "population" {
			continue
		}
		for _, k := range []float64{0, 1} {
			c := sweep.Default()
			c.K = k
			if err := preset.Apply(&c); err != nil {
				t.Fatal(err)
			}
			r := recordOf(c, sweep.Done)
			r.ConfigurationIndex = 2*i + int(k)
			records = append(records, r)
		}
	}
	s := sweepOf(records)
	s.Shape.Axes = []string{"preset", "k"}
	body := string(read(t, written(t, "html", s)))
	for _, want := range []string{
		"constraint of the critic: none, one_sided; weight k of the K-loss: 0, 1, form of the K-loss: absolute, population)",
		"paper has constraint = none, k_loss = absolute, schedule = constant; population has constraint = one_sided, k_loss = population, schedule = cosine_generator.",
		`<td data-label="needs">at least 3 replicates`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the report has no %q", want)
		}
	}
	s.Shape.Axes = []string{"k"}
	if body := string(read(t, written(t, "html", s))); strings.Contains(body, "belong to a preset") {
		t.Error("a report of one preset compares it with others")
	}
}
