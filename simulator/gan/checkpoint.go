package gan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"spiqsweep/simulator/circuit"
)

// checkpointFormat begins every checkpoint. After it come the identity of the
// training (32 bytes), the steps done (uint64), the vectors of
// Trainer.vectors, and the SHA-256 of everything before it; little-endian.
const checkpointFormat = "spiqsweep checkpoint/1\n"

// vectors returns the state of a training: the angles, their optimiser's moments
// and moving average, with several starts the best angles and their loss (float64);
// with WGAN, the critic and its optimiser's moments (float32).
func (t *Trainer) vectors() (wide [][]float64, narrow [][]float32) {
	a := t.actor
	wide = [][]float64{a.angles, a.adam.mean, a.adam.square, a.average}
	if t.best != nil {
		wide = append(wide, t.best.angles, t.best.loss)
	}
	if c := t.critic; c != nil {
		narrow = [][]float32{c.weights.all, c.adam.mean, c.adam.square}
	}
	return wide, narrow
}

// secondMoments is the index of Adam's v in both lists.
const secondMoments = 2

// identity returns a digest of the settings, kernel class, random address and
// number of windows that a state belongs to. It does not cover the windows' bits;
// the caller must supply the same windows. It leaves out fields that were added after
// the first checkpoints, where they have the value that all trainings then had, and
// writes a mixture and a kernel as they were first written, so that those checkpoints
// stay valid.
func (t *Trainer) identity() [sha256.Size]byte {
	s := t.settings
	s.Kernel = circuit.Kernel{Class: s.Kernel.Class}
	text := strings.NewReplacer(
		fmt.Sprintf(" Model:%s}", circuit.Quantum), "}", fmt.Sprintf(" Model:%s}", circuit.Mixture), " Mixture:true}",
		fmt.Sprintf(" Class:%s}", s.Kernel.Class), fmt.Sprintf(" Class:%s loops:<nil>}", s.Kernel.Class),
	).Replace(fmt.Sprintf("%+v", s))
	if s.Objective == WGAN {
		text = strings.Replace(text, fmt.Sprintf(" Objective:%s Restarts:%d", s.Objective, s.Restarts), "", 1)
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s %+v %d", text, t.address, t.windows.Len()))
}

// MarshalBinary encodes a checkpoint, from which a trainer with the same settings,
// address, windows and kernel class continues to the same bits. The error is
// always nil.
func (t *Trainer) MarshalBinary() ([]byte, error) {
	identity := t.identity()
	b := make([]byte, 0, t.checkpointSize())
	b = append(b, checkpointFormat...)
	b = append(b, identity[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.steps))
	wide, narrow := t.vectors()
	for _, v := range wide {
		b = appendVector(b, v)
	}
	for _, v := range narrow {
		b = appendVector(b, v)
	}
	digest := sha256.Sum256(b)
	return append(b, digest[:]...), nil
}

// UnmarshalBinary replaces the trainer's state by that of a checkpoint. It fails,
// and leaves the state unchanged, if the checkpoint has another format, belongs to
// another training or kernel class, is damaged, or holds invalid numbers.
func (t *Trainer) UnmarshalBinary(b []byte) error {
	if err := t.load(b); err != nil {
		return fmt.Errorf("load checkpoint of %d bytes: %w", len(b), err)
	}
	return nil
}

func (t *Trainer) load(b []byte) error {
	rest, ok := bytes.CutPrefix(b, []byte(checkpointFormat))
	if !ok {
		return fmt.Errorf("it begins with %.32q, want %q", b, checkpointFormat)
	}
	identity := t.identity()
	rest, ok = bytes.CutPrefix(rest, identity[:])
	if !ok {
		return fmt.Errorf("it belongs to a training with other settings, seed, windows or kernel class")
	}
	if len(b) != t.checkpointSize() {
		return fmt.Errorf("want %d bytes", t.checkpointSize())
	}
	body, digest := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(digest, want[:]) {
		return fmt.Errorf("its digest is %x, its content's is %x", digest, want)
	}
	steps := binary.LittleEndian.Uint64(rest)
	if steps > uint64(t.settings.Steps) {
		return fmt.Errorf("it is at step %d of %d", steps, t.settings.Steps)
	}
	wide, narrow := t.vectors()
	newWide, rest, err := decodeVectors(rest[8:], wide)
	if err != nil {
		return fmt.Errorf("the generator's %w", err)
	}
	newNarrow, _, err := decodeVectors(rest, narrow)
	if err != nil {
		return fmt.Errorf("the critic's %w", err)
	}
	copyVectors(wide, newWide)
	copyVectors(narrow, newNarrow)
	t.steps, t.actor.updates = int(steps), 0
	if t.steps > 0 {
		t.actor.updates = t.steps - t.settings.start(t.steps-1).first
	}
	if t.critic != nil {
		t.critic.updates = t.steps * t.settings.CriticUpdates
	}
	t.sampler.set(t.actor.angles)
	return nil
}

func (t *Trainer) checkpointSize() int {
	size := len(checkpointFormat) + sha256.Size + 8 + sha256.Size
	wide, narrow := t.vectors()
	for _, v := range wide {
		size += 8 * len(v)
	}
	for _, v := range narrow {
		size += 4 * len(v)
	}
	return size
}

func appendVector[F float32 | float64](b []byte, v []F) []byte {
	b, _ = binary.Append(b, binary.LittleEndian, v) // cannot fail: F has a fixed size
	return b
}

// decodeVectors decodes vectors of the lengths of like and returns the remaining
// bytes. It rejects numbers that are not finite and negative second moments.
func decodeVectors[F float32 | float64](b []byte, like [][]F) (vectors [][]F, rest []byte, err error) {
	for i := range like {
		v := make([]F, len(like[i]))
		n, err := binary.Decode(b, binary.LittleEndian, v)
		if err != nil {
			return nil, nil, fmt.Errorf("vector %d: %w", i, err)
		}
		for j, x := range v {
			if !finite(x) || i == secondMoments && x < 0 {
				return nil, nil, fmt.Errorf("vector %d has the number %v at %d", i, x, j)
			}
		}
		vectors, b = append(vectors, v), b[n:]
	}
	return vectors, b, nil
}

func copyVectors[F float32 | float64](dst, src [][]F) {
	for i, v := range src {
		copy(dst[i], v)
	}
}
