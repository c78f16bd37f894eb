// Package program holds what both programs share: the handling of flags and arguments, of
// signals, of the cores and memory of the machine, and, in limits, of limits of the system.
//
// Guard makes every command reject likely mistakes before it runs: an empty flag or argument, a
// flag given twice, a value that the shell did not expand. For a misspelt flag or command, the
// error suggests the nearest one.
package program
