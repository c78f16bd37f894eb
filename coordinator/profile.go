package main

import (
	"fmt"
	"io"
	"os"
	"runtime/pprof"
)

// profileVariable names the file that gets a profile of the program's CPU time,
// for `go tool pprof`.
const profileVariable = "SPIQSWEEP_PROFILE"

// profile begins a profile if the environment asks for one, and returns its end.
func profile(stderr io.Writer) (end func()) {
	path := os.Getenv(profileVariable)
	if path == "" {
		return func() {}
	}
	file, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintf(stderr, "coordinator: no profile is written: %v\n", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			fmt.Fprintf(stderr, "coordinator: write the profile: %v\n", err)
		}
	}
}
