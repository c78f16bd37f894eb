"""A notebook as a script: recomputes an error of results.csv and draws a panel of Fig. S1.

    coordinator export --out runs/figure-s1 --format jsonl --to results.jsonl
    python3 sweep/examples/notebook.py runs/figure-s1 results.jsonl
"""
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parent.parent / "model"))
import spiqsweep

folder, export = sys.argv[1:]
sweep = spiqsweep.load(folder, export)
results = sweep.tables["results"]
done = (results["state"] == "done") & (results["model"] == "spiqgan")
print(done.sum(), "trainings")

# %% The error of P(k) is the mean square of the difference between two vectors.
for task, written in zip(results["task"][done], results["mse_k_probability"][done]):
    of = {side: vectors["k_probability"] for side, vectors in sweep.vectors[task].items()}
    computed = np.mean((of["model"] - of["data"]) ** 2)
    assert np.isclose(computed, written, rtol=1e-9), (task, computed, written)
print("mse_k_probability of every training recomputed")

# %% Windows drawn from the first model have its rates, within their standard error.
task = results["task"][done][0]
model, rates = sweep.model(task), sweep.vectors[task]["model"]["firing_rate_hz"]
spikes = sweep.samples(task, windows=1000)
seconds = model["bin_ms"] / 1000
error = spikes.mean(axis=2).std(axis=0) / np.sqrt(len(spikes)) / seconds
drawn = spikes.mean(axis=(0, 2)) / seconds
print("rates in Hz: model", rates.round(2), "drawn", drawn.round(2), "±", error.round(2))
assert (abs(drawn - rates) < 6 * error + 1e-9).all()

# %% Panel A of Fig. S1: geometric means over everything but n and k.
neurons, ks = np.unique(results["neurons"][done]), np.unique(results["k"][done])
panel = {}
for k in ks:
    chosen = [done & (results["neurons"] == n) & (results["k"] == k) for n in neurons]
    panel[k] = [np.exp(np.log(results["mse_k_probability"][c]).mean()) for c in chosen]
    print(f"K = {k:g}:", *(f"n = {n:g}: {e:.2g}" for n, e in zip(neurons, panel[k])))
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("no matplotlib: no picture")
else:
    for k, errors in panel.items():
        plt.semilogy(neurons, errors, "o-", label=f"K = {k:g}")
    plt.xlabel("neurons n")
    plt.ylabel("MSE of P(k)")
    plt.legend()
    plt.savefig("panel.png")
