// Package programtest holds a program to what package program promises of its
// command line.
package programtest
