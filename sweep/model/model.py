"""Reads a model file, checks its test vectors, and draws windows: python3 model.py MODEL.json"""
import json
import sys

import numpy as np

PAULI = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1])}
CNOTS = {  # of a layer: control and target, in the order of time
    "none": lambda q: [],
    "chain": lambda q: [(i, i + 1) for i in range(q - 1)],
    "ring": lambda q: CNOTS["chain"](q) + ([(q - 1, 0)] if q > 2 else []),
    "brick": lambda q: [(i, i + 1) for i in [*range(0, q - 1, 2), *range(1, q - 1, 2)]],
}

def rotate(state, qubit, axis, angle):  # exp(-i angle P / 2)
    gate = np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * PAULI[axis]
    return np.einsum("ab,hbl->hal", gate, state.reshape(-1, 2, 2**qubit)).ravel()

def probabilities(model, time, gamma):  # of each word of the patch, for gamma[encoding][qubit]
    circuit, qubits = model["circuit"], model["neurons"] + model["auxiliary"]
    encodings, layers = list(gamma), list(model["angles"][time])
    order = "EP" if circuit["order"] == "encode_first" else "PE"
    state, index = np.eye(1, 2**qubits, dtype=complex)[0], np.arange(2**qubits)
    for block in order * len(layers) + "E" * circuit["final_encoding"]:
        for qubit, angles in enumerate((encodings if block == "E" else layers).pop(0)):
            for axis, angle in [("x", angles)] if block == "E" else zip("yz", angles):
                state = rotate(state, qubit, axis, angle)
        for control, target in CNOTS[circuit["entangler"]](qubits) if block == "P" else []:
            state = state[index ^ ((index >> control & 1) << target)]
    joint = (abs(state) ** 2).reshape(-1, 2 ** model["neurons"])  # [auxiliary word][word]
    kept = joint[:1] if circuit["auxiliary_readout"] == "postselect" else joint
    return kept.sum(axis=0) / kept.sum()

def noise(model, random):  # one draw of gamma, for a window, or for a patch with noise_per_patch
    circuit = model["circuit"]
    shape = circuit["layers"] + circuit["final_encoding"], model["neurons"] + model["auxiliary"]
    drawn = shape[0] if circuit["noise_per_layer"] else 1, shape[1] if circuit["noise"] == "per_qubit" else 1
    gamma = random.uniform(circuit["noise_low"], circuit["noise_high"], drawn)
    return np.broadcast_to(gamma * (circuit["noise"] != "none"), shape)

def window(model, random):  # spikes[time][neuron]
    gammas = [noise(model, random) for _ in range(model["timesteps"])]
    per_patch = model["circuit"]["noise_per_patch"]
    laws = [probabilities(model, t, gammas[t if per_patch else 0]) for t in range(model["timesteps"])]
    words = np.array([random.choice(law.size, p=law) for law in laws])
    return words[:, None] >> np.arange(model["neurons"]) & 1

if __name__ == "__main__":
    model = json.load(open(sys.argv[1]))
    for test in model["tests"]:
        error = abs(probabilities(model, test["time"], test["gamma"]) - test["probabilities"]).max()
        assert error < 1e-12, f"patch {test['time']}: a probability is off by {error}"
    print(window(model, np.random.default_rng(1)))
