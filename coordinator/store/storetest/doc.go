// Package storetest is the suite that every store of a queue must pass: the contract of
// queue.Store ([Run], which also runs the scenarios of package queuetest), and several
// coordinators that share one store ([RunShared]).
package storetest
