package sweep

import (
	"encoding/json"
	"fmt"
)

// Measures is the part of a result in tables and figures. It has about a fifteenth of
// the size and is stored separately, so that a table of a million rows does not read
// a million results.
type Measures struct {
	// The fields are in the order of their JSON names, as in Result.

	Errors        map[string]float64 `json:"errors"`
	Floors        map[string]float64 `json:"floors"`
	HeldoutErrors map[string]float64 `json:"heldout_errors,omitempty"`
	HeldoutFloors map[string]float64 `json:"heldout_floors,omitempty"`
	// RatesHz are the firing rates of the modelled neurons in the recording.
	RatesHz []float64 `json:"rates_hz"`
}

// Measures returns the measures of a result.
func (r Result) Measures() Measures {
	return Measures{
		Errors: r.Errors, Floors: r.Floors, HeldoutErrors: r.HeldoutErrors, HeldoutFloors: r.HeldoutFloors,
		RatesHz: r.Data["firing_rate_hz"],
	}
}

// Encode encodes the measures as canonical JSON, like [Result.Encode].
func (m Measures) Encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode measures: %w", err)
	}
	return body, nil
}

// DecodeMeasures decodes the output of Encode.
func DecodeMeasures(body []byte) (Measures, error) {
	if m, ok := readMeasures(body); ok {
		return m, nil
	}
	var m Measures
	if err := decodeStrictly(body, &m); err != nil {
		return Measures{}, fmt.Errorf("decode measures: %w", err)
	}
	return m, nil
}

// readMeasures is the fast decoder of measures, as readResult is of results.
func readMeasures(body []byte) (m Measures, ok bool) {
	c := &canonicalReader{rest: body, ok: true}
	c.literal(`{"errors":`)
	m.Errors = named(c, c.number)
	c.literal(`,"floors":`)
	m.Floors = named(c, c.number)
	if c.found(`,"heldout_errors":`) {
		m.HeldoutErrors = named(c, c.number)
	}
	if c.found(`,"heldout_floors":`) {
		m.HeldoutFloors = named(c, c.number)
	}
	c.literal(`,"rates_hz":`)
	m.RatesHz = c.numbers()
	c.literal(`}`)
	return m, c.ok && len(c.rest) == 0
}
