// Package atomicfile writes files whole or not at all: the content goes to a draft
// next to the file, and the draft is renamed to the file. A process that is killed
// leaves at most a draft, which [Target] recognises and [RemoveDrafts] removes. An error of the file system is an
// *fs.PathError that names the file, not the draft, in one line.
//
// The package imports the standard library alone, so that every other package may
// import it.
package atomicfile
