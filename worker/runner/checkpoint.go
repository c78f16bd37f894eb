package runner

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"spiqsweep/sweep"
)

// checkpointFormat begins every checkpoint. The SHA-256 of the JSON follows, then
// the JSON of a checkpoint.
const checkpointFormat = "spiqsweep task/1\n"

// checkpoint is the state of a task after a step.
type checkpoint struct {
	Task    sweep.TaskID         `json:"task"`
	Trainer []byte               `json:"trainer"` // see gan.Trainer.MarshalBinary
	History []sweep.HistoryPoint `json:"history"`
	// Trace is missing in checkpoints of earlier versions, which ignore it.
	Trace traceState `json:"trace,omitzero"`
}

func (c checkpoint) encode() ([]byte, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(body)
	return bytes.Join([][]byte{[]byte(checkpointFormat), digest[:], body}, nil), nil
}

// decodeCheckpoint decodes the output of encode. It fails if the checkpoint is
// damaged or belongs to another task.
func decodeCheckpoint(b []byte, task sweep.TaskID) (checkpoint, error) {
	rest, ok := bytes.CutPrefix(b, []byte(checkpointFormat))
	if !ok || len(rest) < sha256.Size {
		return checkpoint{}, fmt.Errorf("its %d bytes begin with %.20q, want %q and a digest", len(b), b, checkpointFormat)
	}
	digest, body := rest[:sha256.Size], rest[sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(digest, want[:]) {
		return checkpoint{}, fmt.Errorf("its digest is %x, its content's is %x", digest, want)
	}
	var c checkpoint
	if err := json.Unmarshal(body, &c); err != nil {
		return checkpoint{}, err
	}
	if c.Task != task {
		return checkpoint{}, fmt.Errorf("it belongs to task %q", c.Task)
	}
	return c, nil
}
