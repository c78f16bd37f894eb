// Package circuit runs the quantum circuit of one patch: the probabilities of
// its words, measurements of them, and the gradient of an expected weight with
// respect to the angles. It holds no state of a training and starts no
// goroutine; a crash loses nothing but the call.
//
// # The ansatz
//
// A patch is one sub-generator of Hernandes & Greplova, "Exploring Biological
// Neuronal Correlations with Quantum Generative Models" (arXiv 2409.09125,
// section "Quantum generator"; DESIGN.md, section 1.2, settles what the paper
// leaves open). Qubit i is neuron i; auxiliary qubits follow. From |0…0⟩, a
// layer is
//
//	E: RX(γ_q) on every qubit q,
//	P: RY(θ_q), then RZ(φ_q) on every qubit, then CNOT q→q+1 for q = 0, 1, …
//
// with R_P(x) = exp(−i·x·P/2). Bit q of a word is the outcome of neuron q.
//
// # How to use it
//
// [Compile] an [Ansatz] for a [Kernel]. A [Patch] holds the angles of one
// patch, a [Tile] is the work space of [Lanes] samples: Forward, then
// Probabilities, Sample or Backward as often as wanted. [Exact] is the same
// circuit in float64, one sample at a time.
//
// Two engines stand behind Compile. The fast one runs all samples of a tile side
// by side in float32; it knows both orders, the final encoding, noise per layer,
// the CNOT chain or none, and auxiliary qubits that are traced out. Ring, brick
// and postselection take the general one, which is Exact lane by lane.
//
// # The frame
//
// The fast engine rests on one idea: choose the basis in which the noise is
// diagonal, since the noise is all that differs between samples. With
// B = RY(π/2) on every qubit, X = B·Z·B†, so that in the frame ψ' = B†ψ
//
//   - the noise RX(γ) is diag(1, z) with z = e^{iγ}, but for a phase of the whole:
//     an amplitude x is multiplied by Π z_q over the bits q set in x;
//   - the gates of qubit q are V = B†·RZ(φ)·RY(θ)·B, the same for all samples;
//   - the CNOT chain is a permutation with signs. B is a Hadamard times Z;
//     Hadamards turn every CNOT around, so that |x⟩ goes to |y⟩ with
//     y_i = x_i ⊕ x_{i+1}, backwards: x_i is the parity of the bits of y from i on.
//     The two Z leave the sign (−1)^(x_1+x_2+…).
//
// Any V is, but for a phase of the whole, diag(1, α)·R·diag(1, δ) with a real
// rotation R = cos ω·[[1, −t], [t, 1]]. Where |t| > 1 the inputs are swapped
// first, a flip of an index bit, which turns t into 1/t. The cosines of all
// qubits are gathered in one factor. So a circuit is rotation 0, boundary,
// rotation 1, boundary, …: a rotation is two multiply-adds per qubit and real
// number, with tangents that all samples share; a boundary gathers α, the CNOTs,
// the noise, δ, the flips and the cosines in one pass that multiplies each
// amplitude by a phase and moves it.
//
// The two ends are simpler. At the start every qubit is by itself, so the state
// after rotation 0 is a product. At the end the outcomes are measured out of
// the frame, so the last V is RY(θ)·B, which is real: neither RZ(φ), whose
// gradient is exactly zero, nor the last CNOTs, which only rename outcomes,
// cost anything. A final encoding is one more boundary and the rotation B.
//
// # Blocks and parities
//
// Cut the index into low bits (the row in a block) and high bits (the block).
// Through the CNOT chain the low bits see one thing of the high ones, their
// parity, which flips all low bits. So a boundary is a table for the rows at
// even parity, one for the rows at odd parity, and one for the blocks: a few
// rows instead of 2ⁿ. And the product state becomes, at the first boundary, a
// sum of two products (even and odd), whose factors rotation 1 acts on: the
// state after it is written out from two small tables, and in the backward pass
// contracting with them once takes the place of all work on the first two
// rotations.
//
// # The gradient
//
// Adjoint differentiation: with ψ the final state and λ = w·ψ pulled back to a
// gate e^{−i·x·G/2}, the derivative by x is Im⟨λ|G|ψ⟩. In the frame and seen from
// behind V, RY's generator is cos φ·Y − sin φ·Z and RZ's is −X; the phase α, which
// the stored states lack, turns X and Y into each other. So the overlaps X, Y
// and Z of each qubit and rotation give both derivatives, by constants of the
// angles.
//
// # Numbers
//
// A kernel is one implementation of the inner loops; the portable one, in plain
// Go, specifies the others, which are generated assembly (simulator/_asm). Kernels
// of one class agree bit for bit (DESIGN.md, section 3.3), and golden digests hold
// them to their bits. Against complex128, over a thousand random circuits of the
// paper's kind for each n, with weights in [−1, 1], the portable kernel's
// probabilities are off by 7e-8 (root mean square, n = 2) down to 8e-10 (n = 10),
// by 3.9e-7 at most; its derivatives of one sample by 4e-8 down to 8e-9, by 4.1e-7
// at most. The others, which fuse, are a little closer: TestFloat32Error measures
// it. Where all angles are equal or otherwise special, roundings may add up to
// some 2e-6. What this does to the errors of a trained model is below a hundredth
// of their floors, or a millionth of an error of more than ten thousand floors
// (TestRoundingDoesNotReachTheErrors in worker/runner).
// [SelfTest] checks every kernel of a machine against known answers.
package circuit
