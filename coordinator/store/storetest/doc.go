// Package storetest is the suite that every store of a queue passes: the
// contract of queue.Store, and whole lives of sweeps under the rules of the
// queue, with the counts asserted after each step. It also gives tests what
// they need to write such lives: a [Lab] with a clock that a test sets, a
// [Worker] that speaks the protocol, tasks and results that are valid, a store
// whose commits fail ([Faulty]), and a check of everything that must hold at any
// moment ([Consistent]).
package storetest
