// Package npz writes archives of arrays in NumPy's format .npz, which numpy.load opens
// without pickle. Equal arrays give equal bytes: files are stored without compression and
// have a fixed time.
//
// No well-kept library writes an array of several dimensions piece by piece, so that it
// need not be in memory.
package npz
