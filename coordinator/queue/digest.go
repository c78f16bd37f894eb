package queue

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"iter"
)

// Digest names a plan: two of the same digest have the same tasks in the same
// places, at the same cost, in the same sequence.
func Digest(tasks iter.Seq2[Planned, error]) (string, error) {
	sum := newPlanSum()
	for task, err := range tasks {
		if err != nil {
			return "", err
		}
		sum.add(task)
	}
	return sum.digest(), nil
}

// planSum takes the digest of a plan.
type planSum struct {
	hash hash.Hash
	line []byte // scratch
}

func newPlanSum() planSum { return planSum{hash: sha256.New()} }

func (s *planSum) add(p Planned) {
	s.line = append(append(s.line[:0], p.Task.ID...), 0)
	s.line = append(append(s.line, p.Task.Recording...), 0)
	for _, n := range []int64{int64(p.Task.ConfigurationIndex), int64(p.Row), int64(p.Order), p.Expected().Microseconds()} {
		s.line = binary.BigEndian.AppendUint64(s.line, uint64(n))
	}
	s.hash.Write(s.line)
}

func (s *planSum) digest() string { return hex.EncodeToString(s.hash.Sum(nil)) }
