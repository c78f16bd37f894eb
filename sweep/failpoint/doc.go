// Package failpoint names the places where tests kill or freeze a process, as
// kill -9 or a suspended machine would, at the worst moment.
//
// Only binaries built with `-tags failpoint` contain them; in every other
// build Reach is an empty function. The environment variable
// SPIQSWEEP_FAILPOINT holds a place, optionally which visit is fatal, and
// optionally that the process only freezes there, until it gets a SIGCONT:
// "worker.trained", "worker.trained@3" or "worker.trained@3:freeze".
package failpoint
