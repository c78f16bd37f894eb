// Package random derives every random stream of a training from its address.
//
// The address of a stream is (seed, neurons, timesteps, replicate, purpose, step,
// index); it does not depend on the numbers drawn before. A checkpoint therefore
// contains no generator state, a resumed training draws the same numbers as an
// uninterrupted one, and two configurations that differ only in the K-loss share
// every draw (DESIGN.md, section 2.3).
//
// The generator is PCG with the output DXSM (O'Neill 2014, 2019). It returns the
// same numbers as math/rand/v2; the package reimplements it to keep the state in
// registers while it draws a row, and to draw rows by loops in assembly. A golden file in testdata guards the derivation
// of streams: a change of it changes every result and requires a new numerics
// version.
package random
