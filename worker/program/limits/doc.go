// Package limits ends a program that imports it, with a message and exit code 2, if the
// system grants it too little memory or too few threads. Under such limits Go would end
// the program later, with a stack trace.
//
// It checks when it is initialised, which must be before packages that allocate much, such
// as SQLite's: they are initialised before main. Go initialises, of the packages whose
// imports are ready, the first by import path, so this package must import little.
package limits
