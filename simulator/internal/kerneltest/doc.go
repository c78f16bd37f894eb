// Package kerneltest holds the inner loops of different kernels against each
// other: on the same drawn arguments, with guards around every array, at any
// alignment, with zeros and subnormals among the numbers. Only tests import it.
//
// A package describes its table of loops as a [Suite]: one call with drawn
// arguments for every loop, and the kernels of this machine. Whatever a [Trial]
// hands out as written is compared after the call.
package kerneltest
