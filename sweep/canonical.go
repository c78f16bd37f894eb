package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Canonical encodes what decides a task's numbers, and nothing else, as JSON
// with sorted keys and no white space: two configurations of the same form train
// the same model on the same recording.
//
//   - A setting that the configuration does not read is left out: penalty_weight
//     without a penalty, k_loss with k = 0, … (see Setting.When).
//   - method is what is done, not what was asked for: "samples" wherever
//     [Configuration.Sampled]. The setting samples is written only there; the
//     100 windows in a result are always as many.
//   - source, select, clip and the file's path act through the recording's
//     bits alone, which enter the task by their digest; preset is a label.
//     holdout is written: with the seed it decides which repeats are held out.
//   - A setting that is added to the table later is written only where it
//     differs from the value that all older tasks had (Setting.implied).
func Canonical(c Configuration) []byte { return canonicalForm.encode(c) }

// DecodeConfiguration reads what Canonical wrote. Settings that were left out
// get their defaults, so the outcome may differ from the configuration that was
// encoded, but only where nothing reads it. Anything that is not the canonical
// form of a valid configuration is an error.
func DecodeConfiguration(body []byte) (Configuration, error) {
	if c, ok := canonicalForm.read(body); ok && c.Validate() == nil && bytes.Equal(Canonical(c), body) {
		return c, nil
	}
	return decodeConfiguration(body)
}

// decodeConfiguration is DecodeConfiguration by encoding/json.
func decodeConfiguration(body []byte) (Configuration, error) {
	c := oldest
	if err := decodeStrictly(body, &c); err != nil {
		return Configuration{}, fmt.Errorf("decode configuration: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Configuration{}, fmt.Errorf("decode configuration: %w", err)
	}
	if again := Canonical(c); !bytes.Equal(again, body) {
		return Configuration{}, fmt.Errorf("decode configuration: %.200q is not in canonical form, which is %.200q", body, again)
	}
	return c, nil
}

// RestoreConfiguration reads what Canonical wrote from where only that can be, as
// in a store: it is DecodeConfiguration without most of its doubts and its cost.
func RestoreConfiguration(body []byte) (Configuration, error) {
	if c, ok := canonicalForm.read(body); ok {
		return c, nil
	}
	return DecodeConfiguration(body)
}

// older returns the configuration that holds wherever nothing is written.
func older(table []Setting) Configuration {
	c := Default()
	for _, s := range table {
		if s.implied == nil {
			continue
		}
		if err := s.Set(&c, s.implied); err != nil {
			panic("sweep: the table's implied " + err.Error())
		}
	}
	return c
}

// decodeStrictly reads one JSON value with known fields and nothing behind it.
func decodeStrictly(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the JSON value at byte %d", d.InputOffset())
	}
	return nil
}
