// Package gan trains the generator of DESIGN.md, section 1, a quantum circuit per time
// step or a classical generator in its place ([circuit.Model]): against a critic (a Wasserstein GAN), by exact likelihood, or by maximum mean
// discrepancy (see [Objective]).
//
// A [Generator] defines the circuits and their noise, [Settings] the training. A
// [Trainer] runs one training: each Step makes one generator update, with a critic
// after some critic updates. The objectives without a critic may divide their steps
// into several independent starts, of which the best is kept. A [Model] is a generator
// with trained angles. It computes the exact conditional probabilities in float64 and
// draws samples from the fast kernel.
//
// # State
//
// A training is identified by its settings, its random address
// ([random.Training]), its windows and its kernel class. Its state is the number
// of steps done, the angles and their moving average, the best angles of earlier
// starts, the critic, and both optimisers' moments; MarshalBinary encodes exactly this state. It contains no
// state of a random generator, because every draw is addressed by purpose, step
// and index. A training that is stopped and resumed at any step, in any process
// of the same kernel class, therefore ends with the same bits as an uninterrupted
// one. After a crash, continue from the last checkpoint: it repeats the same
// numbers.
//
// # Layout
//
// Samples are processed in blocks of 16 lanes, like the circuits; the unused
// lanes of the last block have weight zero. A window is one word per time step,
// bit q = neuron q; the critic's input step·n + q is bit q of word step. Rows
// over hidden units are padded to a multiple of 64 floats with units whose
// weights stay zero.
//
// # Kernels
//
// Each kernel of the circuits has a table of inner loops (loops.go): plain Go
// (portable.go, portable_outcomes.go), which specifies the others, and generated
// assembly (simulator/_asm/gan). Apart from the circuits, a step spends its time
// in these loops: forward and backward sums of columns of the critic's first
// layer, the critic's slopes along its inputs for the penalty and the generator,
// and the contributions of its units over all outcomes of a patch.
package gan
