package sweep

import (
	"bytes"
	"cmp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMeasures(t *testing.T) {
	for _, c := range []Configuration{configurationOf(2, 1, 0), configurationOf(3, 4, 0.2), configurationOf(3, 6, 0)} {
		r := resultOf(c)
		want := r.Measures()
		if (want.History != nil) != c.HasState() || (want.LagOne != nil) != (c.Timesteps > 1) {
			t.Errorf("%s: history %+v, lag one %+v", c.Label(), want.History, want.LagOne)
		}
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
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		earlier, err := want.Earlier().Encode()
		if err != nil {
			t.Fatal(err)
		}
		if m, err := DecodeMeasures(earlier); err != nil || m.History != nil || m.LagOne != nil || len(m.RatesHz) != c.Neurons {
			t.Errorf("those of an earlier version are read as %+v, %v", m, err)
		}
		altered := bytes.Replace(earlier, []byte("0.001"), []byte("0.002"), 1)
		if !SameMeasures(body, body) || !SameMeasures(earlier, body) || SameMeasures(altered, body) || SameMeasures(nil, body) || SameMeasures(earlier, altered) {
			t.Errorf("%s and %s are compared wrongly", earlier, body)
		}
		for n := range body {
			if _, err := DecodeMeasures(body[:n]); err == nil {
				t.Errorf("cut after %d bytes, it was read", n)
			}
		}
	}
}

// TestHistoryTau compares with the definition: rising minus falling pairs, per pair.
func TestHistoryTau(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1), 2, 40).Draw(t, "values")
		values = append(values, values[:rapid.IntRange(0, 2).Draw(t, "ties")]...)
		history, want := make([]HistoryPoint, len(values)), 0
		for i, v := range values {
			history[i] = HistoryPoint{JSBits: v, Step: i}
			for _, earlier := range values[:i] {
				want += cmp.Compare(v, earlier)
			}
		}
		pairs := len(values) * (len(values) - 1) / 2
		m := Result{History: history}.Measures().History
		if m.Tau != float64(want)/float64(pairs) || m.FirstJSBits != values[0] || m.LastJSBits != values[len(values)-1] {
			t.Fatalf("%v has %+v, want τ = %d/%d", values, m, want, pairs)
		}
	})
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
