// Package queue holds the rules of a sweep: who is leased which task, whose
// result counts, who is to blame, and what comes next.
package queue
