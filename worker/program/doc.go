// Package program is what both programs share: the policies of the command line,
// of signals and of limits.
//
// Guard makes every command refuse, before it runs, what is most often a slip: a
// flag or an argument that is empty, a flag that is given twice, a value that the
// shell did not expand. A misspelt flag or command is answered by the nearest one.
package program
