// Package failpoint names the places where tests kill a process, as kill -9
// would, at the worst moment.
//
// Only binaries built with `-tags failpoint` contain them; in every other
// build Reach is an empty function. The environment variable
// SPIQSWEEP_FAILPOINT holds a place, and optionally which visit is fatal:
// "worker.trained" or "worker.trained@3".
package failpoint
