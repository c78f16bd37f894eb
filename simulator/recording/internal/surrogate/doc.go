// Package surrogate is the law behind recording.Surrogate: a dichotomised
// Gaussian process. The documentation of package recording has its equations;
// cells.go, which fitsurrogate prints, has its parameters.
//
// Its bits are the same on every machine, since it relies on nothing but
// integers, comparisons, and the operations + − × / √ of IEEE 754 doubles,
// which Go rounds alike everywhere. Two things would break that and are
// avoided: the functions of package math other than Sqrt, which differ between
// processors and GOAMD64 levels, and fused multiply-adds, which Go forbids
// where a product is converted to float64 before it is added.
package surrogate
