// Package random derives every random stream of a training from its address.
//
// A stream is named by (seed, neurons, timesteps, replicate, purpose, step,
// index), never by how many numbers were drawn before it. A checkpoint
// therefore carries no generator state, a resumed training draws what an
// undisturbed one would have drawn, and two configurations that differ only in
// the K-loss share every draw (DESIGN.md, section 2.3).
//
// The generator behind a stream is PCG with the output DXSM (O'Neill 2014, 2019),
// number for number that of math/rand/v2, written out so that a row of draws
// stays in registers. The golden file in testdata guards the
// derivation: changing it changes every result, so it needs a new numerics
// version.
package random
