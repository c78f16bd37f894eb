"""Computes the errors of results.csv again: python3 errors.py RECORDING.npy MODEL.json ...

RECORDING.npy holds 0 and 1 in the order [repeat, neuron, bin], for the neurons of the
models, at most 16: the memory grows with 2^neurons. Prints a JSON object for each, with the
errors of DESIGN.md, section 2.2. Models with more than one noise angle for a patch are beyond it:
the program samples them. So are the intervals over repeats, which depend on the program's random
draws.
"""
import json
import math
import sys

import numpy as np
from model import CLASSICAL, bits, noise_shape, probabilities

def intervals(weights, rates):
    """Expected intervals between spikes of one neuron, by length, at rates[point, step, neuron]."""
    t = rates.shape[1]
    lengths = np.zeros(t - 1)
    for s in range(t):
        waiting = weights[:, None] * rates[:, s]
        for d in range(1, t - s):
            lengths[d - 1] += (waiting * rates[:, s + d]).sum()
            waiting = waiting * (1 - rates[:, s + d])
    return lengths

def mixture(model, weights, laws):
    """Moments of a model whose steps are independent at each of some points: laws[point, step, word]."""
    rates, joint = laws @ bits(model), np.ones((len(laws), 1))
    for step in np.moveaxis(laws, 1, 0) if laws.shape[1] * model["neurons"] <= 16 else []:
        joint = np.einsum("pw,pj->pwj", step, joint).reshape(len(laws), -1)  # a later step has the higher bits
    pairs = np.einsum("p,psi,puj->siuj", weights, rates, rates, optimize=True)
    return np.tensordot(weights, laws, 1), pairs, weights @ joint, intervals(np.array(weights), rates)

def nodes(model, factors):
    """Points and weights of the mean over gamma of a product of so many patches."""
    circuit, shape = model["circuit"], noise_shape(model)[0]
    if model["model"] in CLASSICAL:
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
    first, lengths = x, np.zeros(t - 1)
    for d in range(1, t):  # first: the probability, by word, of the next spike after so many steps
        first = transitions @ first
        lengths[d - 1] = (sum(laws[: t - d]) @ (x * first)).sum()
        first = first * (1 - x)
    return np.array(laws), pairs, joint, lengths

def moments(model, spikes, words):
    """The law of each step, E[x_i(s) x_j(u)] as [s, i, u, j], the law of all steps together, and the intervals between spikes."""
    n, t, name, fitted = model["neurons"], model["timesteps"], model["model"], model.get("parameters", {})
    windows = words.reshape(-1, t)
    count = lambda words: np.bincount(words.ravel(), minlength=2**n)
    if name == "data":
        spikes = bits(model)[windows].astype(float)
        lengths = intervals(np.full(len(windows), 1 / len(windows)), spikes)
        spikes = spikes.reshape(len(windows), -1)
        joint = np.bincount(windows @ 2 ** (n * np.arange(t)), minlength=2 ** (n * t)) if n * t <= 16 else np.zeros(1)
        pairs = (spikes.T @ spikes).reshape(t, n, t, n)
        return np.array([count(step) for step in windows.T]) / len(windows), pairs / len(windows), joint / len(windows), lengths
    if "circuit" in model:
        gamma, weights = nodes(model, max(2, t))
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
    laws, pairs, joint, lengths = moments(model, spikes, words)
    n, t, word, hz = model["neurons"], model["timesteps"], bits(model), 1000 / model["bin_ms"]
    law, rates, i, j = laws.mean(axis=0), laws @ word, *np.triu_indices(n, 1)
    mean = rates.mean(axis=0)
    lagged = {lag: sum(pairs[s, :, s + lag] for s in range(t - lag)) for lag in range(1, t)}
    lags = np.array([(m / (t - lag) - np.outer(mean, mean))[~np.eye(n, dtype=bool)] for lag, m in lagged.items() if lag <= 4])
    a, b, c = np.array([(a, b, c) for a in range(n) for b in range(a + 1, n) for c in range(b + 1, n)], dtype=int).reshape(-1, 3).T
    centred, d = word - mean, np.arange(1, t) * model["bin_ms"]
    p = lengths / lengths.sum() if t > 2 and lengths.sum() > 0 else None
    return {
        "k_probability": np.bincount(word.sum(axis=1), weights=law), "firing_rate_hz2": mean * hz,
        "covariance": ((word[:, i] * word[:, j]).T @ law - mean[i] * mean[j]), "rate_by_step_hz2": rates.T * hz,
        "autocorrelogram": np.array([np.trace(m) for m in lagged.values()]) / rates.sum(),
        "lagged_covariance": lags, "lag1_covariance": lags[:1].ravel(),
        "silent_probability": law[:1], "third_moment": (centred[:, a] * centred[:, b] * centred[:, c]).T @ law,
        "isi_mean_ms2": np.array([] if p is None else [p @ d]), "isi_sd_ms2": np.array([] if p is None else [np.sqrt(p @ (d - p @ d) ** 2)]),
        "js_bits": joint, "js_k_probability_bits": np.bincount(word.sum(axis=1), weights=law),
    }

def divergence(p, q):  # Jensen-Shannon, in bits
    entropy = lambda p: -(p[p > 0] * np.log2(p[p > 0])).sum()
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2

def errors(model, spikes):
    words = np.tensordot(1 << np.arange(model["neurons"]), spikes.astype(int), (0, 1))
    words = np.lib.stride_tricks.sliding_window_view(words, model["timesteps"], axis=1)  # [repeat, start, step]
    ours, real = statistics(model, spikes, words), statistics({**model, "model": "data"}, spikes, words)
    found = {name: divergence(ours[name], real[name]) if name.startswith("js_") else ((ours[name] - real[name]) ** 2).mean()
             for name in ours if ours[name].size > (name == "js_bits")}
    seconds = model["bin_ms"] / 1000
    for name, of, factor in [  # those of Spike-GAN
        ("legacy_mean_spikes", "firing_rate_hz2", seconds * model["timesteps"]), ("legacy_covariance", "covariance", 2),
        ("legacy_k_probability", "k_probability", 1), ("legacy_autocorrelogram", "autocorrelogram", 2),
        ("legacy_time_course", "rate_by_step_hz2", seconds), ("legacy_lag1_covariance", "lag1_covariance", 1),
    ]:
        if of in found:
            found[name] = factor * np.abs(ours[of] - real[of])[:10 if of == "autocorrelogram" else None].sum()
    return found

if __name__ == "__main__":
    for path in sys.argv[2:]:
        model = json.load(open(path))
        if model["neurons"] > 16:
            sys.exit(f"{path} is a model of {model['neurons']} neurons: at most 16 fit into memory")
        print(json.dumps(errors(model, np.load(sys.argv[1]))))
