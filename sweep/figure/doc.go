// Package figure draws the paper's figures from the results of a sweep, as SVG,
// PDF and PNG, with the plotted numbers as CSV.
//
// [S1] draws Fig. S1 from the rows of the tables. [Gather] and [Paper.Draw] draw the
// others, which need whole results. [Training.Panels] draws one training by itself. A
// figure has its numbers, which golden files check, and a layout of panels (page.go) for a
// given width. Like a table, a figure is a view of the store and can be made again at any
// time.
//
// The colours are those of Okabe & Ito (2008), which colour-blind readers can
// distinguish: blue is the standard loss, orange the K-loss.
package figure
