// Package golden compares what the code writes with files that are kept in the tree:
// golden files, and sections of documents that are generated. With the flag -update, a
// test rewrites them.
package golden
