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

def chain(model, first, transitions):
    """Moments of a Markov chain of words."""
    n, t, x = model["neurons"], model["timesteps"], bits(model)
    laws, ahead, joint = [first], [x], first if n * t <= 16 else np.zeros(1)
    for _ in range(t - 1):
        laws, ahead = laws + [laws[-1] @ transitions], ahead + [transitions @ ahead[-1]]  # E[x] after so many steps, by word
        if n * t <= 16:  # a later step has the higher bits
            joint = (joint.reshape(2**n, -1)[:, :, None] * transitions[:, None]).transpose(2, 0, 1).ravel()
    pairs = np.zeros((t, n, t, n))
    for s in range(t):
        for u in range(s, t):
            pairs[s, :, u] = x.T @ (laws[s][:, None] * ahead[u - s])
    return np.array(laws), pairs, joint

def moments(model, spikes, words):
    """The law of each step, E[x_i(s) x_j(u)] as [s, i, u, j], and the law of all steps together."""
    n, t, name, fitted = model["neurons"], model["timesteps"], model["model"], model.get("parameters", {})
    windows = words.reshape(-1, t)
    count = lambda words: np.bincount(words.ravel(), minlength=2**n)
    if name == "data":
        spikes = bits(model)[windows].reshape(len(windows), -1).astype(float)
        joint = np.bincount(windows @ 2 ** (n * np.arange(t)), minlength=2 ** (n * t)) if n * t <= 16 else np.zeros(1)
        pairs = (spikes.T @ spikes).reshape(t, n, t, n)
        return np.array([count(step) for step in windows.T]) / len(windows), pairs / len(windows), joint / len(windows)
    if "circuit" in model:
        gamma, weights = nodes(model, max(2, t) if n * t <= 16 else 2)
        laws = np.stack([probabilities(model, s, gamma) for s in range(t)], axis=1)
        if model["circuit"]["noise_per_patch"]:
            return mixture(model, [1], np.tensordot(weights, laws, 1)[None])
        return mixture(model, weights, laws)
    product = lambda rates: np.where(bits(model), rates[..., None, :], 1 - rates[..., None, :]).prod(axis=-1)
    mean = count(words) @ bits(model) / words.size
    if name == "psth":
        rates = ((spikes.sum(axis=0).T + mean) / (len(spikes) + 1))  # [bin, neuron]
        laws = np.lib.stride_tricks.sliding_window_view(product(rates), t, axis=0).transpose(0, 2, 1)
        return mixture(model, np.full(len(laws), 1 / len(laws)), laws)
    smoothed = lambda words: (count(words) * len(windows) / words.size + product(mean)) / (len(windows) + 1)
    if name == "markov":
        counts = np.bincount((windows[:, :-1] << n | windows[:, 1:]).ravel(), minlength=4**n).reshape(2**n, 2**n) / (t - 1)
        marginal = smoothed(words)
        return chain(model, smoothed(windows[:, 0]), (counts + np.outer(marginal, marginal)) / (counts.sum(axis=1) + marginal)[:, None])
    laws = {"rates": lambda: product(np.array(fitted["rates"])), "law": lambda: np.array(fitted["law"])}
    law = laws[next(iter(fitted))]() if fitted else smoothed(words)  # of time_independent
    return mixture(model, [1], np.array([[law] * t]))

def statistics(model, spikes, words):
    laws, pairs, joint = moments(model, spikes, words)
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
    words = np.lib.stride_tricks.sliding_window_view(words, model["timesteps"], axis=1)  # [repeat, start, step]
    ours, real = statistics(model, spikes, words), statistics({**model, "model": "data"}, spikes, words)
    return {name: divergence(ours[name], real[name]) if name.startswith("js_") else ((ours[name] - real[name]) ** 2).mean()
            for name in ours if ours[name].size > (name == "js_bits")}

if __name__ == "__main__":
    print(json.dumps(errors(json.load(open(sys.argv[2])), np.load(sys.argv[1]))))
