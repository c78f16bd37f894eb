package sweep

import (
	"math"
	"regexp"
)

// number is a number in a message, with what Go's %v makes of it.
var number = regexp.MustCompile(`[-+]?\d+(\.\d+)?([eE][-+]?\d+)?`)

// FailureKind returns the message of a failure with every number replaced by "…", so
// that failures of many tasks that differ in their steps alone count as one kind.
func FailureKind(message string) string { return number.ReplaceAllLiteralString(message, "…") }

// LargestSensibleAngle bounds the angles of a training that makes sense: a thousand
// turns, in radians. Steps so large skip whole turns, and single precision keeps
// hardly three digits of an angle beyond it.
const LargestSensibleAngle = 1000 * 2 * math.Pi

// LargestAngle returns the largest magnitude of the trained angles, in radians.
func (r Result) LargestAngle() float64 {
	largest := 0.0
	for _, patch := range r.Angles {
		for _, layer := range patch {
			for _, qubit := range layer {
				largest = max(largest, math.Abs(qubit[0]), math.Abs(qubit[1]))
			}
		}
	}
	return largest
}
