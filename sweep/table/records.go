package table

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
)

// Records are the rows of a table, as texts: numbers as [Number] writes them, "" for a
// missing value.
type Records struct {
	Columns []Column
	Rows    iter.Seq2[[]string, error] // a row is valid until the next one
}

// Column describes a column of a table.
type Column struct {
	Name string
	Kind sweep.Kind
}

// IsNumber reports whether the column holds numbers.
func (c Column) IsNumber() bool { return c.Kind == sweep.Whole || c.Kind == sweep.Real }

// Value returns a field of the column as an int64, float64, bool or string by the kind, or
// nil if it is empty. It panics if this package cannot have written the field.
func (c Column) Value(field string) (value any) {
	if field == "" {
		return nil
	}
	var err error
	switch c.Kind {
	case sweep.Whole:
		value, err = strconv.ParseInt(field, 10, 64)
	case sweep.Real:
		value, err = strconv.ParseFloat(field, 64)
	case sweep.Boolean:
		value, err = strconv.ParseBool(field)
	default:
		value = field
	}
	if err != nil {
		panic(fmt.Sprintf("table: %s = %q is not %s", c.Name, field, c.Kind))
	}
	return value
}

// ResultRecords returns the rows of results.csv.
func ResultRecords(shape Shape, rows Rows) Records { return records(resultColumns(shape), rows) }

// SummaryRecords returns the rows of summary.csv.
func SummaryRecords(shape Shape, rows Rows) Records {
	return records(summaryColumns(shape), summaries(shape, rows))
}

func records[R any](columns []column[R], rows iter.Seq2[R, error]) Records {
	r := Records{Columns: make([]Column, len(columns))}
	for i, c := range columns {
		r.Columns[i] = Column{c.name, c.kind.of()}
	}
	r.Rows = func(yield func([]string, error) bool) {
		record := make([]string, len(columns))
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, c := range columns {
				record[i] = c.field(row)
			}
			if !yield(record, nil) {
				return
			}
		}
	}
	return r
}

// Select returns the records with some of the columns, in that order. Its error names a
// column that there is not, with the nearest one.
func (r Records) Select(names []string) (Records, error) {
	var all []string
	for _, c := range r.Columns {
		all = append(all, c.Name)
	}
	positions := make([]int, len(names))
	selected := Records{Columns: make([]Column, len(names))}
	for i, name := range names {
		if positions[i] = slices.Index(all, name); positions[i] < 0 {
			if nearest := sweep.NearestColumn(name, all); nearest != "" {
				return r, fmt.Errorf("there is no column %q; did you mean %q?", name, nearest)
			}
			return r, fmt.Errorf("there is no column %q: the columns are %s", name, strings.Join(all, ", "))
		}
		selected.Columns[i] = r.Columns[positions[i]]
	}
	selected.Rows = func(yield func([]string, error) bool) {
		record := make([]string, len(names))
		for row, err := range r.Rows {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, position := range positions {
				record[i] = row[position]
			}
			if !yield(record, nil) {
				return
			}
		}
	}
	return selected, nil
}

// WriteCSV writes the records as the tables of the output folder are written.
func (r Records) WriteCSV(w io.Writer) error {
	columns := make([]column[[]string], len(r.Columns))
	for i, c := range r.Columns {
		columns[i] = column[[]string]{name: c.Name, kind: text, field: func(row []string) string { return row[i] }}
		if c.IsNumber() {
			columns[i].kind = number
		}
	}
	return write(w, columns, r.Rows)
}

// WriteJSON writes an array with an object for each row, whose keys are the columns in their
// order; a missing number is null.
func (r Records) WriteJSON(w io.Writer) error {
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		names[i] = strconv.Quote(c.Name)
	}
	separator := "[\n"
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		var line strings.Builder
		for i, c := range r.Columns {
			value := "null"
			switch {
			case !c.IsNumber():
				body, err := json.Marshal(row[i])
				if err != nil {
					return err
				}
				value = string(body)
			case row[i] != "":
				value = row[i]
			}
			fmt.Fprintf(&line, ", %s: %s", names[i], value)
		}
		if _, err := fmt.Fprintf(w, "%s  {%s}", separator, strings.TrimPrefix(line.String(), ", ")); err != nil {
			return err
		}
		separator = ",\n"
	}
	end := "\n]\n"
	if separator == "[\n" {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}
