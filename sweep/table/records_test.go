package table

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestRecords checks that the records are the tables, and that CSV and JSON have the same
// values.
func TestRecords(t *testing.T) {
	for name, test := range map[string]struct {
		write   func(*bytes.Buffer) error
		records Records
	}{
		"results": {func(w *bytes.Buffer) error { return WriteResults(w, Shape{}, example()) }, ResultRecords(Shape{}, example())},
		"summary": {func(w *bytes.Buffer) error { return WriteSummary(w, Shape{}, example()) }, SummaryRecords(Shape{}, example())},
	} {
		var want, got, asJSON bytes.Buffer
		if err := test.write(&want); err != nil {
			t.Fatal(err)
		}
		if err := test.records.WriteCSV(&got); err != nil || got.String() != want.String() {
			t.Errorf("%s: error %v, got %q, want %q", name, err, got.String(), want.String())
		}
		if err := test.records.WriteJSON(&asJSON); err != nil {
			t.Fatal(err)
		}
		var objects []map[string]any
		if err := json.Unmarshal(asJSON.Bytes(), &objects); err != nil || len(objects) != strings.Count(want.String(), "\n")-1 {
			t.Errorf("%s: error %v, %d objects: %s", name, err, len(objects), asJSON.String())
		}
		for _, c := range test.records.Columns {
			value, found := objects[0][c.Name]
			if _, isText := value.(string); !found || isText == c.IsNumber() {
				t.Errorf("%s: %s is %#v in JSON", name, c.Name, value)
			}
		}
		first, err := test.records.Select([]string{"timesteps", "model"})
		got.Reset()
		if err == nil {
			err = first.WriteCSV(&got)
		}
		if err != nil || !strings.HasPrefix(got.String(), "timesteps,model\n1,spiqgan\n") {
			t.Errorf("%s: error %v, selected %q", name, err, got.String())
		}
	}
}

func TestRecordsWithoutRows(t *testing.T) {
	var out bytes.Buffer
	if err := ResultRecords(Shape{}, func(func(Row, error) bool) {}).WriteJSON(&out); err != nil || out.String() != "[]\n" {
		t.Errorf("%q, error %v", out.String(), err)
	}
}

func TestSelectNamesTheNearestColumn(t *testing.T) {
	for name, want := range map[string]string{
		"mse_k_probabilit": `there is no column "mse_k_probabilit"; did you mean "mse_k_probability"?`,
		"colour":           `there is no column "colour": the columns are task, state, `,
	} {
		if _, err := ResultRecords(Shape{}, func(func(Row, error) bool) {}).Select([]string{name}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
