package main

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what the collector of garbage aims to stay below, beside some
// 100 MB of SQLite's: a sweep of a million tasks keeps half of it.
const memoryLimit = 320 << 20

// limitMemory sets the limit unless the environment does (GOMEMLIMIT, in the
// words of package runtime). It is no bound: who needs more gets more.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
