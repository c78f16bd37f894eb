package export

import (
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// rowsInGroup is the number of rows of a row group, which is in memory until it is written.
const rowsInGroup = 4096

// writeParquet writes the columns of results.csv with types: INT64 for whole numbers,
// DOUBLE, BOOLEAN, and UTF-8 text that is not escaped. A field that is empty there is null.
func writeParquet(w io.Writer, s Sweep) error {
	records := table.ResultRecords(s.Shape, s.Rows)
	out := parquet.NewWriter(w, parquet.NewSchema("results", nodeOf(records.Columns)),
		parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(rowsInGroup), parquet.CreatedBy("spiqsweep", "", ""))
	row := make(parquet.Row, len(records.Columns))
	for record, err := range records.Rows {
		if err != nil {
			return err
		}
		for i, c := range records.Columns {
			if v := c.Value(record[i]); v != nil {
				row[i] = parquet.ValueOf(v).Level(0, 1, i)
			} else {
				row[i] = parquet.ValueOf(nil).Level(0, 0, i)
			}
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
	}
	return out.Close()
}

// results is a group whose fields are in the order of results.csv, not of their names.
type results struct {
	parquet.Group
	fields []parquet.Field
}

func (r results) Fields() []parquet.Field { return r.fields }

func nodeOf(columns []table.Column) parquet.Node {
	group := parquet.Group{}
	place := map[string]int{}
	for i, c := range columns {
		place[c.Name] = i
		switch c.Kind {
		case sweep.Whole:
			group[c.Name] = parquet.Optional(parquet.Int(64))
		case sweep.Real:
			group[c.Name] = parquet.Optional(parquet.Leaf(parquet.DoubleType))
		case sweep.Boolean:
			group[c.Name] = parquet.Optional(parquet.Leaf(parquet.BooleanType))
		default:
			group[c.Name] = parquet.Optional(parquet.String())
		}
	}
	fields := group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int { return place[a.Name()] - place[b.Name()] })
	return results{group, fields}
}
