// Package local keeps the local workers of a coordinator running.
//
// A local worker is a child process with one slot that speaks the same
// protocol over the same socket as any other worker: nothing but its start and
// its end is special. It receives its credentials on standard input, then
// perhaps the line "stop", which asks it to hand its task back and leave; when
// standard input ends, it ends at once. That is how it follows its parent into
// the grave, on every operating system, without a signal that could be lost or
// a process group that a terminal could interrupt.
//
// A worker that dies is started again after a pause that doubles from
// FirstPause to LongestPause while it keeps dying young. One that leaves of its
// own accord (exit code 0: all is done) is started again after LongestPause: by
// then the fleet has been stopped, or somebody has reopened a task.
//
// A worker that cannot be started, or that ends before it has called the
// coordinator (ErrNotStarted), is tried again after the same pauses. Once every
// slot has failed startTries times in a row, Unstartable returns the reason, so that
// the coordinator can end where no other worker is to be expected.
//
// One that an operator has asked to leave (ErrSentAway) is not started again: its
// slot stays empty while the coordinator runs.
//
// The fleet knows processes only. Which task a dead worker held is the
// business of the queue, where its lease runs out.
package local
