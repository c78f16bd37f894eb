// Package storetest tests implementations of queue.Store: the contract ([Run]), and two
// coordinators that share a store ([RunShared]). Package queuetest has the scenarios of the
// queue's rules, which every store must pass, too.
package storetest
