// Package recording reads spike recordings and extracts the windows of activity
// that a generator is trained on.
//
// # Terms
//
// A recording is an array of 0 and 1, repeats × neurons × bins: the same
// stimulus, a movie, was shown several times to the same neurons. A bin lasts
// 20 ms unless Options.BinMS gives another width, and is 1 if the neuron fired in it.
// All indices count from 0; the ID of a neuron is its index in the file.
//
// A Selection selects up to 20 neurons by rule or by ID. Their Raster has one
// word per bin, in which bit q is the neuron NeuronIDs[q]. A window is t
// consecutive bins of one repeat. Windows overlap (the stride is one bin) and
// never span two repeats. Holdout splits a raster by whole repeats, HoldoutTime by
// blocks of the movie that are the same in all repeats.
//
//	Open, Surrogate, New → Recording → Select, Raster → Raster → Holdout → Windows
//	                                                    Raster → HoldoutTime → WindowsIn
//
// Values of these types are immutable and safe for concurrent use. The package
// writes no files: MarshalBinary encodes a raster for transfer, and Digest
// identifies its content.
//
// # Files
//
// Open tells the formats apart by content. Options.Axes gives the order of the
// axes, by default repeats, neurons, bins; an array of two dimensions is one repeat:
//
//   - MATLAB v5 (save -v6, -v7): a full array of real numbers or logicals,
//     zlib-compressed or not, in either byte order, stored in any numeric type,
//     with dimensions in any integer type. Without Options.Variable, Open reads
//     the only variable with as many dimensions as Options.Axes has names, and skips all
//     others.
//   - .npy, versions 1 to 3: integers, floats or booleans in either byte order,
//     in C or Fortran order.
//   - .npz: an archive of .npy files, stored or deflated, with the variables of the
//     same names. Without Options.Variable, Open reads the only array, or the only one
//     with as many dimensions as Options.Axes has names.
//   - CSV of spike times: a header with the columns repeat, neuron and time_s, the
//     seconds from the start of the repeat, and one row for each spike; other columns are
//     ignored, and without repeat there is one. Bin k holds the spikes at times in
//     [k·width, (k+1)·width). A row with an empty time names a repeat and a neuron without a
//     spike. Repeats end after Options.DurationS, or with the bin of the last spike.
//   - CSV of counts: a header that begins with repeat,neuron, and one row for each
//     repeat and neuron, in any order, with one column for each bin after these labels.
//     Without these columns the table is one repeat, one row for each neuron, or each
//     bin with the axes "bins,neurons"; a first row that is not numeric is a header.
//
// Values in CSV are decimal numbers, separated by tabs, semicolons, commas or spaces; lines
// that begin with # are skipped. Labels that are all whole numbers count from 0, or from 1 if
// none is 0, and those that do not occur are silent; two texts of one number, such as 01 and
// 1, are an error. Other labels are numbered in the order of their first row.
//
// Open ignores dimensions of 1 beyond the third. It rejects other formats, such
// as MATLAB v7.3 and v4, NWB and JSON, and variables that are structs, cell
// arrays or sparse matrices; the error contains the code that converts the file. Converter is
// a program in Python that converts HDF5: MATLAB v7.3, NWB and others.
// It rejects values other than 0 and 1, but with Options.Clip takes counts above 1
// as 1. If no neuron fires in the last bin of any repeat, that bin is an artefact
// and Open drops it. Notices reports clipped counts and a dropped bin; Warnings
// reports shapes that suggest another order of the axes.
//
// Files are not trusted. Before it allocates memory, Open checks the shape in the
// header against Options.Limit (one bit per number), 65,536 neurons, and 8,000,000
// bins in all repeats together, and the size that the header implies against the
// size of the file or the largest ratio of DEFLATE. A recording takes one bit per
// number, a Raster four bytes per bin. A damaged file yields an error, never a
// panic or wrong numbers.
//
// # The surrogate
//
// Surrogate replaces the real recording where that is not available. It is a
// dichotomised Gaussian process (Emrich & Piedmonte 1991; Macke et al. 2009).
// In bin b of repeat r, neuron c fires if its latent exceeds its threshold,
//
//	h_c(r, b) = Σ_f L_cf S_f(b) + l_c U_c(b)   driven by the movie, in all repeats
//	          + g_c V(r, b) + s_c W_c(r, b)    private to this repeat
//	x_c(r, b) = 1 if h_c(r, b) > θ_c, else 0
//
// where all series have variance 1 and Σ_f L_cf² + l_c² + g_c² + s_c² = 1.
//
//   - S_f, four series shared by all neurons, and U_c, one series per neuron,
//     correlate over time: x(b) = 2r x(b−1) − r² x(b−2) + noise, with a pole r
//     in [0, 1), whose autocorrelation at lag L is
//     (1 + L (1−r²)/(1+r²)) r^L. The movie is the same for every seed.
//   - V, shared by all neurons, is white and makes neurons fire together.
//   - W_c(b) = (e(b) + m_c e(b−1)) / √(1 + m_c²) with white e: after a spike the
//     neuron is refractory (m_c < 0) or bursts (m_c > 0).
//
// White noise is a sum of 48 coin flips and a uniform number: nearly normal, and
// identical on every machine (see internal/surrogate).
//
// Neurons 0 to 9 model the first ten neurons of the recording of Marre et al.
// (2017), neurons 10 to 19 its ten most active, in that order. fitsurrogate fitted
// the parameters, rounded to two decimals; the thresholds follow from the neurons'
// rates. Rates, mean covariance and the autocorrelogram at lag 1 are within 10 %
// of the recording's; higher moments are not fitted.
package recording
