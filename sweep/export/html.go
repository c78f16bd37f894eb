package export

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the template
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/claims"
	"spiqsweep/sweep/table"
)

//go:embed report.html
var reportHTML string

var report = template.Must(template.New("report").Funcs(template.FuncMap{"printable": sweep.Printable, "short": short}).Parse(reportHTML))

// The largest numbers of rows of a table in a report, and of values of a setting.
const (
	rowsShown   = 500
	valuesShown = 30
)

// settingValues are the values that a setting has in a sweep.
type settingValues struct {
	Name, Doc, Values string
	Swept             bool
}

// presetValues are the values that a preset gives to settings that are not swept.
type presetValues struct{ Name, Values string }

// reported is what the report shows.
type reported struct {
	Sweep
	Title, Arithmetic, GridText, GridSHA256, ResultsSHA256 string
	Planned, Done, Failed, Diverged, Configurations        int
	Settings                                               []settingValues
	Presets                                                []presetValues
	Models                                                 string
	Claims                                                 []table.Claim
	Axes, Summary                                          shown
	Drawings                                               []drawing
}

// drawing is a figure as SVG, with the configurations that it lacks.
type drawing struct {
	Name    string
	SVG     template.HTML
	Missing string
}

// writeHTML writes a report of one file without outside resources: what was run, how, the
// errors, the paper's claims, the figures, and the digests of software and data.
func writeHTML(w io.Writer, s Sweep) error {
	r := reported{
		Sweep: s, Title: title(s), Arithmetic: arithmetic(s),
		GridText: sweep.PrintableLines(string(s.Grid)), GridSHA256: sweep.Digest(s.Grid),
	}
	steps := []func() error{r.count, r.gatherSettings, r.tables, r.judge, r.drawAll}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return report.Execute(w, r)
}

// DataNames returns the names of the recordings, each once.
func (r reported) DataNames() string {
	var names []string
	for _, d := range r.Data {
		if name := sweep.Printable(d.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// count counts the rows by state, and the configurations.
func (r *reported) count() error {
	last := -1
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		r.Planned++
		if row.ConfigurationIndex != last {
			last = row.ConfigurationIndex
			r.Configurations++
		}
		switch row.State {
		case sweep.Done:
			r.Done++
		case sweep.Failed:
			r.Failed++
		case sweep.Diverged:
			r.Diverged++
		case sweep.Pending:
		}
	}
	return nil
}

// gatherSettings lists the settings that some model reads, with their values.
func (r *reported) gatherSettings() error {
	names := []string{sweep.ModelKey}
	for _, setting := range sweep.Settings() {
		names = append(names, setting.Name)
	}
	space, err := newSpace(names, r.Rows)
	if err != nil {
		return err
	}
	r.Models = valuesText(space.choices[sweep.ModelKey])
	var set []string // by presets, since they have several values and are not swept
	for _, setting := range sweep.Settings() {
		choices, swept := space.choices[setting.Name], slices.Contains(r.Shape.Axes, setting.Name)
		if len(choices) > 0 {
			r.Settings = append(r.Settings, settingValues{setting.Name, setting.Doc, valuesText(choices), swept})
		}
		if len(choices) > 1 && !swept {
			set = append(set, setting.Name)
		}
	}
	if slices.Contains(r.Shape.Axes, presetName) {
		return r.gatherPresets(space.choices[presetName], set)
	}
	return nil
}

const presetName = "preset"

// gatherPresets lists the values that each preset gives to settings.
func (r *reported) gatherPresets(presets []any, settings []string) error {
	for _, preset := range presets {
		space, err := newSpace(settings, func(yield func(table.Row, error) bool) {
			for row, err := range r.Rows {
				if (err != nil || row.Configuration.Preset == preset) && !yield(row, err) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
		var words []string
		for _, name := range settings {
			if choices := space.choices[name]; len(choices) > 0 {
				words = append(words, name+" = "+valuesText(choices))
			}
		}
		if len(words) > 0 {
			r.Presets = append(r.Presets, presetValues{valueText(preset), strings.Join(words, ", ")})
		}
	}
	return nil
}

// valuesText lists the first values of a setting.
func valuesText(choices []any) string {
	var words []string
	for _, v := range choices[:min(len(choices), valuesShown)] {
		words = append(words, valueText(v))
	}
	if more := len(choices) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

// Of returns the values of a setting, for the paragraph on methods; "none" without any.
func (r reported) Of(name string) string {
	for _, s := range r.Settings {
		if s.Name == name {
			return s.Values
		}
	}
	return "none"
}

// short rounds a field that is a fraction to four digits, since results.csv has all.
func short(field string) string {
	if v, err := strconv.ParseFloat(field, 64); err == nil && strings.ContainsAny(field, ".e") {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return field
}

func valueText(value any) string {
	if text, ok := value.(string); ok {
		return sweep.Printable(text)
	}
	return sweep.Format(value)
}

// tables shows the errors of the paper's statistics from axes.csv and summary.csv, and
// computes the digest of results.csv.
func (r *reported) tables() error {
	var columns []string
	for _, name := range sweep.IntervalNames {
		columns = append(columns, sweep.ErrorColumn(name))
	}
	keep := func(field map[string]string) bool { return slices.Contains(columns, field["error"]) }
	var faults error
	for _, t := range tablesOf(r.Sweep) {
		var err error
		switch t.name {
		case "results.csv":
			digest := sha256.New()
			err = t.write(digest)
			r.ResultsSHA256 = fmt.Sprintf("%x", digest.Sum(nil))
		case "axes.csv":
			r.Axes, err = t.show(rowsShown, keep)
		case "summary.csv":
			r.Summary, err = t.show(rowsShown, keep)
		}
		faults = errors.Join(faults, err)
	}
	return faults
}

// judge tests the paper's claims.
func (r *reported) judge() error {
	judged, err := claims.Judge(r.Shape, r.Rows)
	if err != nil {
		return err
	}
	for _, c := range judged.Claims {
		if c.Rank != table.OfConfiguration {
			r.Claims = append(r.Claims, c)
		}
	}
	return nil
}

// drawAll draws the figures.
func (r *reported) drawAll() error {
	figures, err := r.Figures()
	if err != nil {
		return err
	}
	for _, f := range figures {
		var b bytes.Buffer
		if err := draw(f, "svg", &b); err != nil {
			return err
		}
		begin := bytes.Index(b.Bytes(), []byte("<svg")) // after the declaration of XML
		if begin < 0 {
			return fmt.Errorf("figure %s: the drawing has no element svg", f.Name)
		}
		r.Drawings = append(r.Drawings, drawing{f.Name, template.HTML(b.Bytes()[begin:]), strings.Join(f.Missing, ", ")})
	}
	return nil
}
