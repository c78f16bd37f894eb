// Package failpoint lets tests kill or freeze a process at named places, as kill -9
// or a suspended machine would.
//
// Only binaries built with `-tags failpoint` contain failpoints. In every other
// build Reach is an empty function. The environment variable SPIQSWEEP_FAILPOINT
// names the place, optionally the visit at which to act (1 by default), and
// optionally to freeze the process until SIGCONT instead of killing it:
// "worker.trained", "worker.trained@3" or "worker.trained@3:freeze".
package failpoint
