// Package e2e tests the real programs. It starts coordinator and worker as
// separate processes that communicate over real sockets, and kills them at the
// worst moments.
//
// The programs are built once, with -tags failpoint, so that a process stops at the
// point of the code that SPIQSWEEP_FAILPOINT names (package sweep/failpoint).
// Whatever happens to a sweep, its results.csv must equal that of an undisturbed
// run byte for byte, and its attempts.csv must show that no accepted task was
// trained again.
//
// The tests run a small grid on the surrogate. If the recording is present
// (../../../shared, or SPIQSWEEP_SHARED), they also run a heavier sweep on real
// data, unless -short is given.
package e2e
