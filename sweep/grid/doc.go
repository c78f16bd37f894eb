// Package grid turns a grid file, written in HCL, into the configurations of a
// sweep.
//
// A file passes through four stages. Each collects its errors and warnings as
// diagnostics. A file with any error is rejected as a whole:
//
//   - read (read.go): syntax, size and nesting, the blocks a file may have;
//   - variables (variable.go): the values of variable blocks and of --var;
//   - declare (declare.go): each setting is given once, fixed or as an axis, and
//     each value is allowed for its setting;
//   - expand (expand.go): all combinations without the excluded ones, and the
//     conflicts between settings.
//
// # Order
//
// Configurations are in grid order: nested loops over the axes in the order in
// which they are written, the first outermost. The rows of results.csv are in this
// order, with the replicates of a configuration together. Its columns are neurons,
// timesteps, k, then the other axes in the order written. Package plan orders the
// tasks for execution.
//
// # Names, defaults and ranges
//
// They come from the table sweep.Settings. This package adds the few names that
// are not settings: replicates, path, and the blocks.
//
// # Crashes
//
// Parse depends only on its arguments: it reads no file, no clock and no
// environment. The coordinator stores the file's bytes and parses them again
// after a crash.
package grid
