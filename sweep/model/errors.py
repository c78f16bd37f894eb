"""Computes the errors of results.csv again: python3 errors.py RECORDING.npy MODEL.json

RECORDING.npy holds 0 and 1 in the order [repeat, neuron, bin], for the neurons of the
model. Prints one JSON object with the errors of DESIGN.md, section 2.2. Models with more
than one noise angle for a patch are beyond it: the program samples them.
"""
import json
import math
import sys

import numpy as np
from model import bits, noise_shape, probabilities

def mixture(model, weights, laws):
    """Moments of a model whose steps are independent at each of some points: laws[point, step, word]."""
    rates, joint = laws @ bits(model), np.ones((len(laws), 1))
    for step in np.moveaxis(laws, 1, 0) if laws.shape[1] * model["neurons"] <= 16 else []:
        joint = np.einsum("pw,pj->pwj", step, joint).reshape(len(laws), -1)  # a later step has the higher bits
    return np.tensordot(weights, laws, 1), np.einsum("p,psi,puj->siuj", weights, rates, rates, optimize=True), weights @ joint

def nodes(model, factors):
    """Points and weights of the mean over gamma of a product of so many patches."""
    circuit, shape = model["circuit"], noise_shape(model)[0]
    if model["model"] == "mixture":
        points, weights = np.arange(0.5, 2 * circuit["layers"]) / (2 * circuit["layers"]), np.full(2 * circuit["layers"], 0.5 / circuit["layers"])
    elif circuit["noise"] == "none":
        points, weights = np.zeros(1), np.ones(1)
    else:
        low, high = circuit["noise_low"], circuit["noise_high"]
        x, w = np.polynomial.legendre.leggauss(math.ceil(1.1 * factors * math.prod(shape) * (high - low) / 4) + 32)
        points, weights = low + (high - low) * (x + 1) / 2, w / 2
    return np.broadcast_to(points[:, None, None], (len(points), *shape)), weights

def moments(model, words):
    """The law of each step, E[x_i(s) x_j(u)] as [s, i, u, j], and the law of all steps together."""
    n, t, fitted = model["neurons"], model["timesteps"], model.get("parameters", {})
    if model["model"] == "data":
        spikes, laws = bits(model)[words], [np.bincount(step, minlength=2**n) / len(words) for step in words.T]
        joint = np.bincount(words @ 2 ** (n * np.arange(t)), minlength=2 ** (n * t)) if n * t <= 16 else np.zeros(1)
        return np.array(laws), np.einsum("wsi,wuj->siuj", spikes, spikes, dtype=float, optimize=True) / len(words), joint / len(words)
    if "circuit" in model:
        gamma, weights = nodes(model, max(2, t) if n * t <= 16 else 2)
        laws = np.stack([probabilities(model, s, gamma) for s in range(t)], axis=1)
        if model["circuit"]["noise_per_patch"]:
            return mixture(model, [1], np.tensordot(weights, laws, 1)[None])
        return mixture(model, weights, laws)
    law = fitted["law"] if "law" in fitted else np.where(bits(model), fitted["rates"], 1 - np.array(fitted["rates"])).prod(axis=1)
    return mixture(model, [1], np.array([[law] * t]))

def statistics(model, words):
    laws, pairs, joint = moments(model, words)
    n, t, word, hz = model["neurons"], model["timesteps"], bits(model), 1000 / model["bin_ms"]
    law, rates, i, j = laws.mean(axis=0), laws @ word, *np.triu_indices(n, 1)
    mean = rates.mean(axis=0)
    lagged = {lag: sum(pairs[s, :, s + lag] for s in range(t - lag)) for lag in range(1, t)}
    return {
        "k_probability": np.bincount(word.sum(axis=1), weights=law), "firing_rate_hz2": mean * hz,
        "covariance": ((word[:, i] * word[:, j]).T @ law - mean[i] * mean[j]), "rate_by_step_hz2": rates.T * hz,
        "autocorrelogram": np.array([np.trace(m) for m in lagged.values()]) / rates.sum(),
        "lagged_covariance": np.array([(m / (t - lag) - np.outer(mean, mean))[~np.eye(n, dtype=bool)] for lag, m in lagged.items() if lag <= 4]),
        "js_bits": joint, "js_k_probability_bits": np.bincount(word.sum(axis=1), weights=law),
    }

def divergence(p, q):  # Jensen-Shannon, in bits
    entropy = lambda p: -(p[p > 0] * np.log2(p[p > 0])).sum()
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2

def errors(model, spikes):
    words = np.tensordot(1 << np.arange(model["neurons"]), spikes.astype(int), (0, 1))
    words = np.lib.stride_tricks.sliding_window_view(words, model["timesteps"], axis=1).reshape(-1, model["timesteps"])
    ours, real = statistics(model, words), statistics({**model, "model": "data"}, words)
    return {name: divergence(ours[name], real[name]) if name.startswith("js_") else ((ours[name] - real[name]) ** 2).mean()
            for name in ours if ours[name].size > (name == "js_bits")}

if __name__ == "__main__":
    print(json.dumps(errors(json.load(open(sys.argv[2])), np.load(sys.argv[1]))))
