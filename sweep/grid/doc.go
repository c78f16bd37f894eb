// Package grid turns a grid file, written in HCL, into the cells of a sweep.
//
// A file passes through four stages; each gathers its faults as diagnostics and
// the file is refused as a whole if there is any error, so that nothing is half
// planned:
//
//   - read (read.go): syntax, size and nesting, the blocks a file may have;
//   - variables (variable.go): the values of variable blocks and of --var;
//   - declare (declare.go): each setting is given once, fixed or as an axis, and
//     each value is one that its setting may take;
//   - expand (expand.go): all combinations, less the excluded ones, and what
//     only shows in combination.
//
// # Order
//
// Cells stand in grid order: nested loops over the axes in the order in which
// they are written, the first outermost. That is the order of the rows of
// results.csv, with the replicates inside a cell; its columns are neurons,
// timesteps, k, then the other axes in the order written. The order in which
// tasks run is the plan's affair.
//
// # Names, defaults and ranges
//
// They come from the table sweep.Settings; this package knows only the few
// names that are no settings: replicates, path, and the blocks.
//
// # Truth and crashes
//
// Parse is a function of its arguments: it reads no file, no clock and no
// environment. The coordinator stores the file's bytes and parses them again
// after a crash.
package grid
