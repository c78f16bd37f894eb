// Package circuit simulates the quantum circuit of one patch. It computes the
// probabilities of the patch's words, measurements, and the gradient of an expected
// weight with respect to the angles. It keeps no state of a training and starts no
// goroutines.
//
// # The ansatz
//
// A patch is one sub-generator of Hernandes & Greplova, "Exploring Biological
// Neuronal Correlations with Quantum Generative Models" (arXiv 2409.09125,
// section "Quantum generator"; DESIGN.md, section 1.2, specifies the details that
// the paper leaves open). Qubit i is neuron i; auxiliary qubits follow. The initial
// state is |0…0⟩, and a layer is
//
//	E: RX(γ_q) on every qubit q,
//	P: RY(θ_q), then RZ(φ_q) on every qubit, then CNOT q→q+1 for q = 0, 1, …
//
// with R_P(x) = exp(−i·x·P/2). Bit q of a word is the outcome of neuron q.
//
// # Usage
//
// [Compile] an [Ansatz] for a [Kernel]. A [Patch] holds the angles of one patch. A
// [Tile] processes [Lanes] samples: call Forward, then Probabilities, Sample or
// Backward, repeatedly if needed. [Exact] simulates the same circuit in float64,
// one sample at a time.
//
// Compile selects one of two engines. The fast engine processes all samples of a
// tile together in float32. It supports both orders, the final encoding, noise per
// layer, the CNOT chain or none, and auxiliary qubits that are traced out. The
// general engine supports everything else (ring, brick and postselection) and runs
// Exact for each lane. A [Model] other than Quantum replaces the circuit by a classical
// generator with as many angles, behind the same types.
//
// # The frame
//
// The fast engine works in the basis in which the noise is diagonal, because only
// the noise differs between samples. With B = RY(π/2) on every qubit, X = B·Z·B†,
// so that in the frame ψ' = B†ψ
//
//   - the noise RX(γ) is diag(1, z) with z = e^{iγ}, up to a global phase: an
//     amplitude x is multiplied by Π z_q over the bits q set in x;
//   - the gates of qubit q are V = B†·RZ(φ)·RY(θ)·B, the same for all samples;
//   - the CNOT chain is a permutation with signs. B is a Hadamard times Z.
//     Hadamards exchange control and target of every CNOT, so that |x⟩ goes to |y⟩
//     with y_i = x_i ⊕ x_{i+1}; inversely, x_i is the parity of the bits of y from
//     i on. The two Z give the sign (−1)^(x_1+x_2+…).
//
// Up to a global phase, every V is diag(1, α)·R·diag(1, δ) with a real rotation
// R = cos ω·[[1, −t], [t, 1]]. If |t| > 1, the inputs are swapped first (a flip of
// an index bit), which replaces t by 1/t. The cosines of all qubits are combined in
// one factor. A circuit is thus rotation 0, boundary, rotation 1, boundary, …. A
// rotation takes two multiply-adds per qubit and real number, with tangents that
// all samples share. A boundary combines α, the CNOTs, the noise, δ, the flips and
// the cosines in one pass that multiplies each amplitude by a phase and moves it.
//
// The two ends are simpler. At the start all qubits are independent, so the state
// after rotation 0 is a product. At the end the outcomes are measured outside the
// frame, so the last V is RY(θ)·B, which is real. RZ(φ), whose gradient is exactly
// zero, and the last CNOTs, which only relabel outcomes, cost nothing. A final
// encoding is one more boundary and the rotation B.
//
// # Blocks and parities
//
// Split the index into low bits (the row in a block) and high bits (the block).
// Through the CNOT chain the high bits affect the low bits only by their parity,
// which flips all low bits. A boundary therefore needs a table for the rows at even
// parity, one for the rows at odd parity, and one for the blocks: a few rows
// instead of 2ⁿ. At the first boundary the product state becomes a sum of two
// products (even and odd), and rotation 1 acts on their factors. The state after it
// is computed from two small tables. The backward pass contracts with these tables
// once instead of undoing the first two rotations on the whole state.
//
// # The gradient
//
// The gradient uses adjoint differentiation: with ψ the final state and λ = w·ψ
// propagated back to a gate e^{−i·x·G/2}, the derivative by x is Im⟨λ|G|ψ⟩. In the
// frame, after V, RY's generator is cos φ·Y − sin φ·Z and RZ's is −X. The stored
// states lack the phase α, which mixes X and Y. The overlaps X, Y and Z of each
// qubit and rotation thus give both derivatives, as linear combinations whose
// coefficients depend on the angles.
//
// # Numbers
//
// A kernel is one implementation of the inner loops. The portable kernel, in plain
// Go, specifies the others, which are generated assembly (simulator/_asm). Kernels
// of one class agree bit for bit (DESIGN.md, section 3.3); golden digests guard
// their bits. TestFloat32Error measures the rounding errors against complex128.
// Over a thousand random circuits of the paper's kind for each n, with weights in
// [−1, 1], the errors of the portable kernel's probabilities are 7e-8 (root mean
// square, n = 2) down to 8e-10 (n = 10), at most 3.9e-7; those of its derivatives
// of one sample are 4e-8 down to 8e-9, at most 4.1e-7. The other kernels, which
// fuse, are slightly more accurate. For special angles, such as all equal, the
// errors may reach about 2e-6. Their effect on the errors of a trained model is
// below a hundredth of the floors or, for an error of more than ten thousand
// floors, a millionth of the error (TestFloat32DoesNotAffectErrors in
// worker/runner). [SelfTest] checks every kernel of a machine against known
// answers.
package circuit
