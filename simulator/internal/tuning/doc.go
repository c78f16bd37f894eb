// Package tuning chooses between two tables of inner loops that compute the same bits, loop by loop,
// by the time that they take on this processor.
package tuning
