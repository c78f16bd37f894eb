"""Loads the output folder of a sweep into NumPy:

    coordinator export --out runs/figure-s1 --format jsonl --to results.jsonl
    sweep = spiqsweep.load("runs/figure-s1", "results.jsonl")

Needs NumPy, and model.py beside it.
"""
import csv
import json
import pathlib

import numpy as np

import model as models

TEXT = {"task", "neuron_ids"}  # columns that are text even where all values look like numbers

def column(name, values):
    """An array of floats with NaN for empty fields, or of text."""
    try:
        return np.array(values if name in TEXT else [float(v) if v else np.nan for v in values])
    except ValueError:
        return np.array(values)

def table(path):
    """The columns of a CSV file by name."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {name: column(name, [row[i] for row in rows]) for i, name in enumerate(header)}

class Sweep:
    """The files of a sweep.

    tables: results, summary, comparison, axes, claims and attempts, each {column: array}
    vectors: {task: {"model" or "data": {statistic: array}}}; empty without an export
    """

    def __init__(self, folder, results=None):
        self.folder = pathlib.Path(folder)
        if not (self.folder / "results.csv").is_file():
            raise FileNotFoundError(f"{folder}: it is not the output folder of a sweep: it has no results.csv")
        self.tables = {path.stem: table(path) for path in sorted(self.folder.glob("*.csv"))}
        self.vectors = {}
        for line in open(results, encoding="utf-8") if results else []:
            row = json.loads(line)
            sides = row.get("statistics") or {}
            self.vectors[row["task"]] = {s: {k: np.array(v, float) for k, v in sides[s].items()} for s in sides}

    def model(self, task):
        """The content of a model file: its settings and angles, or its parameters."""
        return json.loads((self.folder / "models" / f"{task}.json").read_text(encoding="utf-8"))

    def training(self, task):
        """How a model was trained: {column: array}, by step."""
        return table(self.folder / "models" / f"{task}.csv")

    def samples(self, task, windows=1000, seed=1):
        """Windows drawn from a trained model: uint8 [sample, neuron, time].

        `coordinator sample` draws from fitted models too, and faster, but other windows.
        """
        model, random = self.model(task), np.random.default_rng(seed)
        drawn = [models.window(model, random).T for _ in range(windows)]
        return np.array(drawn, np.uint8)

load = Sweep

# The circuit of a time step with the noise bound to gamma[encoding][qubit], such as
# model["tests"][0]["gamma"]. The measured qubits 0 to neurons - 1 are the neurons. The two
# functions below are not run in the project's tests, which read the circuits that
# `coordinator export --format qasm2` writes.

def gates(model, time, gamma):
    """Yields (name, qubits, angle) of each gate, in order."""
    circuit, qubits = model["circuit"], model["neurons"] + model["auxiliary"]
    encodings, layers = list(gamma), list(model["angles"][time])
    order = "EP" if circuit["order"] == "encode_first" else "PE"
    for block in order * circuit["layers"] + "E" * circuit["final_encoding"]:
        if block == "E":
            yield from (("rx", [q], angle) for q, angle in enumerate(encodings.pop(0)))
            continue
        for q, (ry, rz) in enumerate(layers.pop(0)):
            yield from (("ry", [q], ry), ("rz", [q], rz))
        yield from (("cx", pair, None) for pair in models.CNOTS[circuit["entangler"]](qubits))

def qiskit(model, time, gamma):
    from qiskit import QuantumCircuit
    circuit = QuantumCircuit(model["neurons"] + model["auxiliary"])
    for name, qubits, angle in gates(model, time, gamma):
        getattr(circuit, name)(*([] if angle is None else [angle]), *qubits)
    return circuit

def pennylane(model, time, gamma):
    import pennylane as qml
    wires = range(model["neurons"] + model["auxiliary"])
    named = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}
    @qml.qnode(qml.device("default.qubit", wires=wires))
    def probabilities():  # wire 0 is the most significant bit of PennyLane's words
        for name, qubits, angle in gates(model, time, gamma):
            qml.CNOT(wires=qubits) if angle is None else named[name](angle, wires=qubits)
        return qml.probs(wires=wires[: model["neurons"]])
    return probabilities
