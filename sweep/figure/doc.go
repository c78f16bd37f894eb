// Package figure draws the paper's figures from the results of a sweep, as SVG,
// PDF and PNG, with the plotted numbers beside them as CSV.
//
// A figure is made in two stages: the numbers (errors_by.go, difference.go),
// which golden files guard, and their drawing (s1.go and the plotters). It is a
// view like the tables: nothing in it is not in the store.
//
// Colours are those of Okabe & Ito (2008), told apart by colour-blind readers:
// blue is the standard loss, orange the K-loss.
package figure
