// Package recording reads a recording of spikes and cuts from it what a
// training needs.
//
// # Words
//
// A recording is repeats × neurons × bins of 0 and 1: the same stimulus, a
// movie, was shown Repeats times to the same cells; time was cut into bins of
// 20 ms; a bin is 1 if the cell fired in it. Cells, repeats and bins are
// counted from 0, and a cell keeps the number that it has in the file.
//
// A Selection chooses up to 16 cells by rule or by number. Their Raster has
// one word per bin, in which bit q is neuron q, that is cell Cells[q]. A
// window is t consecutive bins of one repeat; windows overlap (the stride is
// one bin) and never cross from one repeat to the next. Holdout sets whole
// repeats aside.
//
//	Open, Surrogate, New → Recording → Select, Raster → Raster → Holdout → Windows
//
// All of these are values that never change once made, and goroutines may
// share them. Nothing is kept on disk: a raster travels by MarshalBinary and is
// known by its Digest.
//
// # Files
//
// Open tells the formats apart by content. In all of them the axes are repeats,
// neurons, bins, in this order:
//
//   - MATLAB v5 (save -v6, -v7): a full array of real numbers or logicals,
//     zlib-compressed or not, in either byte order, stored in any numeric type,
//     with dimensions in any integer type. Without Options.Variable it is the
//     only variable with three dimensions. Variables of other classes are passed
//     over.
//   - .npy, versions 1 to 3: integers, floats or booleans in either byte order,
//     in C or Fortran order.
//
// Dimensions of 1 beyond the third are ignored. Other formats, such as MATLAB
// v7.3 and v4, NWB, .npz and text, are refused with the lines that convert them,
// and so are structs, cells and sparse matrices. Values other than 0 and 1 are refused
// too, but Options.Clip takes counts as 1. If no cell fires in the last bin of
// any repeat, that bin is an artefact and is dropped. Notices tells of both.
//
// Files are not trusted. The header states the shape, and before any memory is
// reserved the shape is held against bounds: Options.Limit for the bits of all
// numbers, 65,536 neurons, and 8,000,000 bins in all repeats together. A recording
// takes one bit for each number, a Raster four bytes for each bin. The size that
// a header states must be that of the file, or what DEFLATE can make of it. A
// damaged file ends in an error, never in a panic or in numbers.
//
// Warnings tells of shapes that point to axes in another order.
//
// # The surrogate
//
// Surrogate stands in where the real recording is not at hand. It is a
// dichotomised Gaussian process (Emrich & Piedmonte 1991; Macke et al. 2009).
// In bin b of repeat r cell c fires if its latent exceeds its threshold,
//
//	h_c(r, b) = Σ_f L_cf S_f(b) + l_c U_c(b)   the movie's part, in all repeats
//	          + g_c V(r, b) + s_c W_c(r, b)    the private part, in this repeat
//	x_c(r, b) = 1 if h_c(r, b) > θ_c, else 0
//
// where all series have variance 1 and Σ_f L_cf² + l_c² + g_c² + s_c² = 1.
//
//   - S_f, four series that all cells share, and U_c, one of the cell's own,
//     correlate over time: x(b) = 2r x(b−1) − r² x(b−2) + noise, with a pole r
//     in [0, 1), whose autocorrelation at lag L is
//     (1 + L (1−r²)/(1+r²)) r^L. The movie is the same for every seed.
//   - V, which all cells share, is white: neurons fire together.
//   - W_c(b) = (e(b) + m_c e(b−1)) / √(1 + m_c²) with white e: after a spike the
//     cell is refractory (m_c < 0) or bursts (m_c > 0).
//
// White noise is a sum of 48 coin flips and a uniform number, nearly normal and
// exact on every machine; internal/surrogate says what that relies on.
//
// Cells 0 to 9 are the analogues of the first ten cells of the recording of
// Marre et al. 2017, cells 10 to 19 of its ten most active, in that order.
// fitsurrogate found the parameters, rounded to two decimals, and the
// thresholds that follow from the cells' rates. Rates, mean covariance and the
// autocorrelogram at lag 1 are within 10 % of the recording's; higher moments
// are not fitted.
package recording
