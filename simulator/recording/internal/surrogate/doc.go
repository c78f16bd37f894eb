// Package surrogate implements the model behind recording.Surrogate, a
// dichotomised Gaussian process. The documentation of package recording gives
// its equations; neurons.go, the output of fitsurrogate, holds its parameters.
//
// The generated bits are the same on every machine. The package uses only
// integers, comparisons and the operations + − × / √ of IEEE 754 doubles, which
// Go rounds identically everywhere. It avoids the functions of package math other
// than Sqrt, whose results differ between processors and GOAMD64 levels, and
// fused multiply-adds: Go never fuses a product that is converted to float64
// before it is added.
package surrogate
