// Package inputfile opens files named by the user: grids, recordings, credentials,
// certificates. All code of the project opens such files through it.
//
// Open accepts only regular files, directly or through symbolic links. It never
// blocks: it rejects pipes, sockets, devices and directories before opening them.
// Read bounds the memory for a file. Errors name the path, the fault and the fix.
package inputfile
