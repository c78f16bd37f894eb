// Package kerneltest compares the inner loops of different kernels on the same
// drawn arguments: with guards around every array, at any alignment, with zeros and
// subnormals among the numbers. Only tests import it.
//
// A package describes its table of loops as a [Suite]: one call with drawn
// arguments for every loop, and the kernels of this machine. The suite compares all
// output arrays of the [Trial] after the call.
package kerneltest
