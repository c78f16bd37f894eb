// Package queuetest tests the rules of package queue. [Run] runs scenarios of all rules
// on any store and asserts the counts after each step.
//
// The package also provides the parts of such tests: a store in memory ([Memory]), a
// [Fixture] with a [Clock] that the test sets, a [Worker] that follows the protocol, valid
// tasks and results, stores whose commits or calls fail ([Faulty], [FailingCalls]), stores
// that check each call ([Confined], [Twin]), and a check of all invariants ([Consistent]).
//
// Only tests and the simulation import it.
package queuetest
