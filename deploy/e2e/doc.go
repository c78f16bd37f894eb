// Package e2e tests the real programs: coordinator and worker as separate
// processes that talk over real sockets, killed at the worst moments.
//
// The programs are built once, with -tags failpoint, which gives the places
// that SPIQSWEEP_FAILPOINT names a meaning (package sweep/failpoint). Whatever
// happens to a sweep, its results.csv must be that of an undisturbed run, byte
// for byte, and its attempts.csv must show that no accepted task was trained
// again.
//
// Without the recording the tests run a small grid on the surrogate. Where it
// is at hand (../../../shared, or SPIQSWEEP_SHARED), the heavier sweep on real
// data runs as well, unless -short is given.
package e2e
