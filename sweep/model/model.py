"""Reads a model file, checks its test vectors, and draws a window: python3 model.py MODEL.json"""
import itertools
import json
import math
import sys

import numpy as np

PAULI = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1])}
CNOTS = {  # of a layer: pairs of control and target, in order
    "none": lambda q: [],
    "chain": lambda q: [(i, i + 1) for i in range(q - 1)],
    "ring": lambda q: CNOTS["chain"](q) + ([(q - 1, 0)] if q > 2 else []),
    "brick": lambda q: [(i, i + 1) for i in [*range(0, q - 1, 2), *range(1, q - 1, 2)]],
}

def rotate(states, qubit, axis, angle):  # exp(-i angle P / 2), for one angle or one for each state
    half = np.reshape(angle, (-1, 1, 1)) / 2
    split, pauli = states.reshape(len(states), -1, 2, 2**qubit), -1j * np.sin(half) * PAULI[axis]
    turned = np.cos(half)[..., None] * split
    for row, column in np.argwhere(PAULI[axis]):
        turned[:, :, row] += pauli[:, row, column, None, None] * split[:, :, column]
    return turned.reshape(states.shape)

def probabilities(model, time, gamma):
    """The distribution of a patch for given noise: gamma[..., encoding, qubit] gives [..., word]."""
    if model["model"] in CLASSICAL:  # gamma on [0, 1) chooses a component
        chosen = (np.asarray(gamma)[..., 0, 0] * 2 * model["circuit"]["layers"]).astype(int)
        return CLASSICAL[model["model"]](model, np.array(model["angles"][time]), chosen)
    circuit, qubits = model["circuit"], model["neurons"] + model["auxiliary"]
    gamma = np.asarray(gamma, dtype=float)
    points = gamma.reshape(-1, *gamma.shape[-2:])
    encodings, layers = list(np.moveaxis(points, 0, 2)), list(model["angles"][time])
    order = "EP" if circuit["order"] == "encode_first" else "PE"
    states, index = np.zeros((len(points), 2**qubits), dtype=complex), np.arange(2**qubits)
    states[:, 0] = 1
    for block in order * len(layers) + "E" * circuit["final_encoding"]:
        for qubit, angles in enumerate((encodings if block == "E" else layers).pop(0)):
            for axis, angle in [("x", angles)] if block == "E" else zip("yz", angles):
                states = rotate(states, qubit, axis, angle)
        for control, target in CNOTS[circuit["entangler"]](qubits) if block == "P" else []:
            states = states[:, index ^ ((index >> control & 1) << target)]
    joint = (abs(states) ** 2).reshape(len(points), -1, 2 ** model["neurons"])  # [point, auxiliary word, word]
    kept = joint[:, :1] if circuit["auxiliary_readout"] == "postselect" else joint
    return (kept.sum(axis=1) / kept.sum(axis=(1, 2))[:, None]).reshape(*gamma.shape[:-2], -1)

def mixture(model, angles, chosen):  # of independent neurons
    rates = np.sin(np.moveaxis(angles, 2, 1).reshape(-1, model["neurons"]) / 2)[chosen][..., None, :] ** 2
    return np.where(bits(model), rates, 1 - rates).prod(axis=-1)

def rbm(model, angles, chosen):  # biases, their slopes, and the bias and weights of each hidden unit
    n, angles = model["neurons"], angles.ravel()
    hidden = angles[2 * n :][: (len(angles) - 2 * n) // (n + 1) * (n + 1)].reshape(-1, n + 1)
    level = (2 * chosen + 1) / (2 * model["circuit"]["layers"]) - 1
    logs = np.logaddexp(0, hidden[:, 0] + bits(model) @ hidden[:, 1:].T).sum(axis=1)
    logs = logs + bits(model) @ angles[:n] + level[..., None] * (bits(model) @ angles[n : 2 * n])
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)

CLASSICAL = {"mixture": mixture, "rbm": rbm}

def noise_shape(model):  # of gamma, and of the angles that are drawn; the others are copies of these
    circuit = model["circuit"]
    if model["model"] in CLASSICAL:
        return (1, model["neurons"]), (1, 1)
    shape = circuit["layers"] + circuit["final_encoding"], model["neurons"] + model["auxiliary"]
    return shape, (shape[0] if circuit["noise_per_layer"] else 1, shape[1] if circuit["noise"] == "per_qubit" else 1)

def law(model, time, points=2**17):
    """The distribution of a time step: the probability of each word, averaged over the noise.

    Integrates over every angle that is drawn for the step, by Gauss-Legendre
    quadrature: exact up to rounding, nearly so with postselect. If that takes more
    than `points` points, returns the mean over 2**12 quasi-random points instead,
    with an error of about 0.002.
    """
    circuit, (shape, drawn) = model["circuit"], noise_shape(model)
    if model["model"] in CLASSICAL:
        components = 2 * circuit["layers"]
        return probabilities(model, time, (np.arange(components)[:, None, None] + 0.5) / components).mean(axis=0)
    low, high = circuit["noise_low"], circuit["noise_high"]
    if circuit["noise"] == "none":
        return probabilities(model, time, np.zeros(shape))
    angles = drawn[0] * drawn[1]
    degree = shape[0] * shape[1] // angles  # of the distribution, a trigonometric polynomial in each angle
    nodes = math.ceil(1.1 * degree * (high - low) / 4) + (32 if angles == 1 else 10)
    if nodes**angles <= points:
        x, w = np.polynomial.legendre.leggauss(nodes)
        grid = ((list(p), math.prod(q)) for p, q in zip(itertools.product(x, repeat=angles), itertools.product(w / 2, repeat=angles)))
    else:  # Richtmyer's points, folded so that the integrand becomes periodic
        primes = [p for p in range(2, 20 * angles) if all(p % d for d in range(2, p))][:angles]
        grid = ((1 - 2 * abs(2 * (i * np.sqrt(primes) % 1) - 1), 2.0**-12) for i in range(1, 2**12 + 1))
    total = 0
    while some := list(itertools.islice(grid, max(1, 2**16 // 2 ** shape[1]))):
        gamma = low + (high - low) * (np.array([p for p, _ in some]) + 1) / 2
        gamma = np.broadcast_to(gamma.reshape(-1, *drawn), (len(some), *shape))
        total = total + np.array([w for _, w in some]) @ probabilities(model, time, gamma)
    return total

def bits(model):  # of each word: [word, neuron]
    return np.arange(2 ** model["neurons"])[:, None] >> np.arange(model["neurons"]) & 1

def noise(model, random):  # draws gamma for a window, or for a patch with noise_per_patch
    circuit, (shape, drawn) = model["circuit"], noise_shape(model)
    if model["model"] in CLASSICAL:
        return np.broadcast_to(random.uniform(), shape)
    gamma = random.uniform(circuit["noise_low"], circuit["noise_high"], drawn)
    return np.broadcast_to(gamma * (circuit["noise"] != "none"), shape)

def window(model, random):  # spikes[time][neuron]
    gammas = [noise(model, random) for _ in range(model["timesteps"])]
    per_patch = model["circuit"]["noise_per_patch"]
    laws = [probabilities(model, t, gammas[t if per_patch else 0]) for t in range(model["timesteps"])]
    words = np.array([random.choice(law.size, p=law) for law in laws])
    return bits(model)[words]

if __name__ == "__main__":
    model = json.load(open(sys.argv[1]))
    if "parameters" in model:
        sys.exit(f"{sys.argv[1]} is a fitted model: it has parameters, and no circuit to check")
    for test in model["tests"]:
        known = np.array(test["probabilities"])  # of all words, or of the first
        error = abs(probabilities(model, test["time"], test["gamma"])[: known.size] - known).max()
        assert error < 1e-12, f"patch {test['time']}: a probability is off by {error}"
    print(window(model, np.random.default_rng(1)))
