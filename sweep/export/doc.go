// Package export writes the stored results of a sweep in formats that other programs
// open: spreadsheets and data frames, Optuna, quantum toolkits, a browser, an archive.
//
// An export is a view of the store, like the tables, and can be written again at any
// time with the same bytes. [Write] reads the results one by one, so that memory does
// not grow with the number of tasks, and replaces each file whole or not at all.
//
// [Record] joins what all formats need of a task: its row in results.csv and its result.
// A format is one file of this package.
package export
