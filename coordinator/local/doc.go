// Package local keeps the local workers of a coordinator running.
//
// A local worker is a child process with one slot. It uses the same protocol as any other
// worker. On standard input it gets its credentials, and later the line "stop" if it is to
// hand its task back and leave. When standard input ends, it exits immediately, so that it
// never outlives the coordinator. This works on every operating system, without signals
// that could be lost or a process group that a terminal could interrupt.
//
// A worker that dies is restarted after a pause that doubles from FirstPause to
// LongestPause while workers die young. A worker that leaves (exit code 0: all tasks are
// done) is restarted after LongestPause: an operator may have reopened tasks. A drained
// worker (ErrDrained) is not restarted.
//
// A worker that cannot be started, or that ends before its first call (ErrNotStarted), is
// tried again after the same pauses. Once every slot has failed startTries times in a
// row, Unstartable returns the reason, so that the coordinator can end if no other worker
// can come.
//
// The fleet knows processes only: the leases of a dead worker are the queue's concern.
package local
