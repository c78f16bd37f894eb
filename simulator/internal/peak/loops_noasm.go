//go:build !amd64 || noasm

package peak

func assemblyLoops() []Loop { return nil }

// cycles is nil: what a compiled loop takes depends on the compiler.
var cycles func(rounds int)
