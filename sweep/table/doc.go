// Package table turns results into tidy CSV files: results.csv, summary.csv,
// comparison.csv, axes.csv, claims.csv and attempts.csv. README.md, in this folder,
// defines every column.
//
// The files follow RFC 4180, except that lines end with \n alone, so that cut
// and awk read the last column without a carriage return. The decimal separator
// is a dot, a missing value is an empty field, numbers have the shortest form
// that reads back the same, and a column's name ends with its unit.
//
// results.csv has one row for each planned task, in grid order. It holds only
// what every run of the same sweep reproduces, so the files of two runs can be
// compared byte for byte. Hosts, times and kernels are in attempts.csv.
//
// Text is escaped so that it stays on one line and no spreadsheet takes it for a
// formula. Numbers are never escaped.
//
// The tables are views of the store and can be written again at any time. Rows
// are streamed: summary.csv holds one configuration in memory, comparison.csv and
// axes.csv a few numbers of each.
package table
