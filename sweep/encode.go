package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode writes the result as canonical JSON: sorted keys, no white space,
// shortest numbers that read back the same. A result that holds NaN or an
// infinity cannot be encoded.
func (r Result) Encode() ([]byte, error) {
	body, err := json.Marshal(r) // the keys are sorted: see Result
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return body, nil
}

// DecodeResult reads what Encode wrote and refuses all else, so that [Digest]
// of an accepted body stands for its numbers. Whether they can be true is for
// [Result.Validate] to say.
func DecodeResult(body []byte) (Result, error) {
	if r, ok := readResult(body); ok {
		return r, nil
	}
	return decodeResult(body)
}

// decodeResult is DecodeResult by encoding/json: what readResult must agree with.
func decodeResult(body []byte) (Result, error) {
	var r Result
	if err := decodeStrictly(body, &r); err != nil {
		return Result{}, fmt.Errorf("decode result: %w", err)
	}
	again, err := r.Encode()
	if err != nil {
		return Result{}, fmt.Errorf("decode result: %w", err)
	}
	if !bytes.Equal(again, body) {
		return Result{}, fmt.Errorf("decode result: not in canonical form")
	}
	return r, nil
}
