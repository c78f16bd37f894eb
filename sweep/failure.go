package sweep

import "regexp"

// number is a number in a message, with what Go's %v makes of it.
var number = regexp.MustCompile(`[-+]?\d+(\.\d+)?([eE][-+]?\d+)?`)

// FailureKind returns the message of a failure with every number replaced by "…", so
// that failures of many tasks that differ in their steps alone count as one kind.
func FailureKind(message string) string { return number.ReplaceAllLiteralString(message, "…") }
