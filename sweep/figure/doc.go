// Package figure draws the paper's figures from the results of a sweep, as SVG,
// PDF and PNG, with the plotted numbers as CSV.
//
// A figure is made in two stages: its numbers (numbers.go), which a golden file
// checks, and their drawing (s1.go and the plotters). Like a table, a figure is a
// view of the store and can be made again at any time.
//
// The colours are those of Okabe & Ito (2008), which colour-blind readers can
// distinguish: blue is the standard loss, orange the K-loss.
package figure
