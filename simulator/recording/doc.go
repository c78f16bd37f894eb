// Package recording reads a recording of spikes and cuts from it what a
// training needs.
package recording
