// Package gan trains the generator of DESIGN.md, section 1, against a critic:
// a Wasserstein GAN whose generator is a quantum circuit per time step.
//
// A [Generator] says what is trained, [Settings] how. A [Trainer] is one
// training: each Step makes some critic updates and one generator update. A
// [Model] is a generator with trained angles: its exact conditional law in
// float64, and samples from the fast kernel.
//
// # State
//
// A training is known by its settings, its random address
// ([random.Training]), its windows and its kernel class; its state is the
// number of steps done, the angles and their moving average, the critic, and
// both optimisers' moments. MarshalBinary writes exactly that. No state of a
// random generator is in it: every draw is addressed by purpose, step and
// index. So a training that is stopped and resumed at any step, in any process
// of the same kernel class, ends with the same bits as one that was not
// disturbed. The trainer owns its state; on a crash only what the last
// checkpoint holds survives, and going on from there repeats the same numbers.
//
// # Layout
//
// Samples are handled in blocks of 16 lanes, as the circuits do; the unused
// lanes of a last block get weight zero. A window is one word per time step,
// bit q = neuron q; the critic's input step·n + q is bit q of word step. Rows
// over hidden units are padded to a multiple of 64 floats with units whose
// weights are zero and stay so.
//
// # Kernels
//
// The inner loops stand in a table, loops.go, of which there is one for each
// kernel of the circuits: plain Go (portable.go, portable_outcomes.go), which
// specifies the others, and generated assembly (simulator/_asm/gan). Beside its
// circuits a step is little but these loops: sums of columns for the critic's
// first layer, forwards and backwards, its slopes along its inputs for the
// penalty and for the generator, and what its units add over all outcomes of a
// patch.
package gan
