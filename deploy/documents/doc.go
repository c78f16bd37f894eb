// Package documents tests that the documents are true. It extracts every command from the
// Markdown files, the examples of the help texts and the comments of the example grids,
// and runs them in order in a fresh clone with an empty home folder and no cache of Go.
// Every command must succeed and write the files that it names, and the tables "What you
// get" must name files that a sweep has written. Every grid in a document must plan.
//
// Some commands need what a test cannot have, such as another machine. The tables in
// standins_test.go name each of them, what is run in its place, and why. A command is run
// as it stands unless it is in these tables, and an entry without a command is an error.
//
// The commands run only with SPIQSWEEP_DOCUMENTS (`make documents`), since the first one
// of README.md trains for minutes. `go test` alone checks the tables.
package documents
