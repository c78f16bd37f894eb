package table

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"spiqsweep/sweep"
)

// column is one column of a table whose rows are R.
type column[R any] struct {
	name string
	cell func(R) string
}

// write prints a table's rows under its header. It stops at the first error of
// the rows or of the writer.
func write[R any](w io.Writer, columns []column[R], rows func(yield func(R, error) bool)) error {
	out := csv.NewWriter(w)
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, c := range columns {
			record[i] = c.cell(row)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// configured are the columns that say which cell of the grid a row belongs to:
// the fixed ones, then the other swept settings.
func configured(axes []string) []column[Row] {
	columns := []column[Row]{
		{"model", func(r Row) string { return r.Configuration.Model }},
		setting("neurons"), setting("timesteps"), setting("k"),
	}
	for _, axis := range axes {
		if !fixed[axis] {
			columns = append(columns, setting(axis))
		}
	}
	return columns
}

// fixed are the settings that have a column whether they are swept or not.
var fixed = map[string]bool{"neurons": true, "timesteps": true, "k": true, "steps": true}

// described are the columns that say what was trained on what.
func described() []column[Row] {
	return []column[Row]{
		{"data", func(r Row) string { return r.Data }},
		{"cells", func(r Row) string { return joined(r.Cells) }},
		{"trainable_parameters", func(r Row) string { return strconv.Itoa(r.Configuration.TrainableParameters()) }},
		setting("steps"),
	}
}

// setting is the column of a setting; it panics on a name that no setting has.
func setting(name string) column[Row] {
	s, ok := sweep.Lookup(name)
	if !ok {
		panic("table: no setting is called " + strconv.Quote(name))
	}
	return column[Row]{name, func(r Row) string {
		if text, ok := s.Value(r.Configuration).(string); ok {
			return text
		}
		return sweep.Format(s.Value(r.Configuration))
	}}
}

// measure is one error of a result: a column of results.csv, a row of the summaries.
type measure struct {
	name  string // as its column is called
	value func(sweep.Measures) (float64, bool)
	floor func(sweep.Measures) (float64, bool)
}

// measures lists the errors of a sweep in the order of their columns.
func measures(holdout bool) []measure {
	all := against("", func(r sweep.Measures) map[string]float64 { return r.Errors }, func(r sweep.Measures) map[string]float64 { return r.Floors })
	if holdout {
		all = append(all, against("heldout_", func(r sweep.Measures) map[string]float64 { return r.HeldoutErrors },
			func(r sweep.Measures) map[string]float64 { return r.HeldoutFloors })...)
	}
	return all
}

func against(prefix string, errors, floors func(sweep.Measures) map[string]float64) []measure {
	all := make([]measure, len(sweep.ErrorNames))
	for i, name := range sweep.ErrorNames {
		all[i] = measure{
			name:  prefix + meanSquare(name),
			value: func(r sweep.Measures) (float64, bool) { v, ok := errors(r)[name]; return v, ok },
			floor: func(r sweep.Measures) (float64, bool) { v, ok := floors(r)[name]; return v, ok },
		}
	}
	return all
}

// meanSquare names an error's column: divergences, in bits, are no mean squares.
func meanSquare(name string) string {
	if strings.HasPrefix(name, "js_") {
		return name
	}
	return "mse_" + name
}

// floorName names the column of a measure's floor; "" if it has none.
func floorName(measure string) string {
	prefix, name := "", measure
	if rest, ok := strings.CutPrefix(name, "heldout_"); ok {
		prefix, name = "heldout_", rest
	}
	name = strings.TrimPrefix(name, "mse_")
	if name == "js_k_probability_bits" {
		return ""
	}
	return prefix + "floor_" + name
}

// Number prints the shortest decimal that reads back the same, as it stands in
// every table.
func Number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// optional prints a number, or nothing where it is missing.
func optional(v float64, ok bool) string {
	if !ok {
		return ""
	}
	return Number(v)
}

// joined prints a list within one field.
func joined[N int | float64](numbers []N) string {
	words := make([]string, len(numbers))
	for i, v := range numbers {
		words[i] = Number(float64(v))
	}
	return strings.Join(words, " ")
}
