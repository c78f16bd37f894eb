// Package queuetest tests the rules of package queue. [Run] runs scenarios of all rules,
// with the counts asserted after each step, on any store. The package has what such tests
// need: a store in memory ([Memory]), a [Fixture] with a [Clock] that the test sets, a
// [Worker] that speaks the protocol, valid tasks and results, stores whose commits or
// calls fail ([Faulty], [FailingCalls]) or that watch the rules ([Confined], [Twin]), and a
// check of all invariants ([Consistent]).
//
// Only tests and the simulation import it.
package queuetest
