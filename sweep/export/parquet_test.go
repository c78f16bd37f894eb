package export_test

import (
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// readParquet prints the rows and the types of a Parquet file.
const readParquet = `
const fs = require("fs");
import(process.argv[2]).then(async ({ parquetReadObjects, parquetMetadata }) => {
  const body = fs.readFileSync(process.argv[1]);
  const file = body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength);
  const rows = await parquetReadObjects({ file });
  const types = parquetMetadata(file).schema.slice(1).map((e) => [e.name, e.type]);
  console.log(JSON.stringify({ rows, types }, (_, v) => typeof v === "bigint" ? Number(v) : v));
});`

// TestHyparquetReadsTheColumnsOfResults compares each field with that of results.csv, and
// its type with what the field holds.
func TestHyparquetReadsTheColumnsOfResults(t *testing.T) {
	node, module := needs.NodeModule(t, "hyparquet")
	s := example()
	s.Shape.Axes = append(s.Shape.Axes, "final_encoding")
	records, err := csv.NewReader(strings.NewReader(string(read(t, written(t, "csv", s))))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows  []map[string]any
		Types [][2]string
	}
	if err := json.Unmarshal([]byte(run(t, node, "-e", readParquet, written(t, "parquet", s), module+"/src/index.js")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != len(records)-1 || len(got.Types) != len(records[0]) {
		t.Fatalf("%d rows of %d columns, want %d of %d", len(got.Rows), len(got.Types), len(records)-1, len(records[0]))
	}
	types := map[string]string{
		"task": "BYTE_ARRAY", "data": "BYTE_ARRAY", "entangler": "BYTE_ARRAY", "neuron_ids": "BYTE_ARRAY",
		"neurons": "INT64", "replicate": "INT64", "steps": "INT64", "trainable_parameters": "INT64",
		"final_encoding": "BOOLEAN", "k": "DOUBLE", "mse_k_probability": "DOUBLE", "floor_js_bits": "DOUBLE",
	}
	for i, name := range records[0] {
		if got.Types[i][0] != name {
			t.Errorf("column %d is %s, want %s", i, got.Types[i][0], name)
		}
		if want, listed := types[name]; listed && got.Types[i][1] != want {
			t.Errorf("%s has the type %s, want %s", name, got.Types[i][1], want)
		}
		for j, record := range records[1:] {
			var field string
			switch v := got.Rows[j][name].(type) {
			case nil:
			case string:
				field = v
			case bool:
				field = strconv.FormatBool(v)
			case float64:
				field = strconv.FormatFloat(v, 'g', -1, 64)
			}
			if want := record[i]; field != want && (name != "data" || field != badName) {
				t.Errorf("row %d: %s is %q, want %q", j, name, field, want)
			}
		}
	}
}
