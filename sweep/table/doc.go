// Package table turns results into tidy CSV files: results.csv, summary.csv,
// comparison.csv, axes.csv and attempts.csv. README.md, beside this file, defines
// every column.
//
// The files follow RFC 4180 with one difference: lines end with \n alone, so
// that cut and awk see clean last columns. A dot separates decimals, an empty
// field is a missing value, numbers are the shortest that read back the same,
// and units stand in the column's name.
//
// results.csv has one row for each planned task in grid order and holds only
// what every run of the same sweep must reproduce, so two files of one sweep
// can be compared byte for byte. Hosts, times and kernels are in attempts.csv.
//
// Text is escaped so that it stays on one line and is no formula of a spreadsheet;
// numbers are written as they are.
//
// Tables are views: everything in them is in the store, and they can be written
// again at any moment. Rows stream through; only the summaries keep numbers, a
// few for each cell.
package table
