//go:build !amd64 || noasm

package peak

func assemblyLoops() []Loop { return nil }
