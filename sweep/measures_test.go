package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMeasures(t *testing.T) {
	for _, c := range []Configuration{configurationOf(2, 1, 0), configurationOf(3, 4, 0.2)} {
		r := resultOf(c)
		want := r.Measures()
		if len(want.RatesHz) != c.Neurons || (want.HeldoutErrors != nil) != (c.Recording.Holdout > 0) {
			t.Errorf("%+v", want)
		}
		body, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := readMeasures(body); !ok {
			t.Errorf("not read fast: %s", body)
		}
		got, err := DecodeMeasures(body)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for n := range body {
			if _, err := DecodeMeasures(body[:n]); err == nil {
				t.Errorf("cut after %d bytes, it was read", n)
			}
		}
	}
}

// TestMeasuresThatAreEmpty uses a result with hardly any errors, as without spikes.
func TestMeasuresThatAreEmpty(t *testing.T) {
	body, err := Measures{}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeMeasures(body); err != nil || got.Errors != nil || got.RatesHz != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func BenchmarkDecodeMeasures(b *testing.B) {
	body, err := resultOf(configurationOf(4, 5, 0)).Measures().Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := DecodeMeasures(body); err != nil {
			b.Fatal(err)
		}
	}
}
