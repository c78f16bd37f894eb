# The sixty configurations of the paper's Fig. S1 (five numbers of neurons, six
# numbers of time steps, with and without the K-loss) in two readings of the paper.
# `coordinator` runs this file by default; `coordinator --grid my.hcl` runs another.
#
# Settings that are not written here have their defaults. `coordinator plan
# --grid sweep.hcl` shows the tasks and how long they may take.

# Replicates run one after the other, the longest trainings of each first, so that
# first complete figures are ready after a third of the time. `--var replicates=1`
# trains that one alone.
variable "replicates" {
  description = "trainings of each configuration, from different seeds; 3 or more give intervals"
  default     = 3
}

variable "steps" {
  description = "generator updates of each training"
  default     = 2000
}

sweep "figure-s1" {
  seed       = 1
  replicates = var.replicates

  # The default data is a built-in surrogate: synthetic spikes with the rates and
  # correlations of the salamander retina. `--recording FILE` trains on a recording.
  recording {
    source = "surrogate"
    select = "most_active"
  }

  # Each line is an axis, and all combinations are trained. Any setting can be an
  # axis, such as entangler = ["chain", "none"].
  #
  # A preset sets several settings. "paper" is the main text read literally: a critic
  # without a penalty, constant learning rates, and a K-loss on the mean number of
  # spikes. "population" has this project's defaults, and a K-loss on all of P(k).
  # `coordinator settings` lists all presets.
  grid {
    preset    = ["paper", "population"]
    neurons   = [2, 4, 6, 8, 10]
    timesteps = [1, 2, 5, 10, 20, 30]
    k         = [0, 1] # weight of the K-loss; 0 is the standard loss
  }

  # The ansatz of the paper: four layers, one noise angle for all qubits.
  circuit {
    layers    = 4
    entangler = "chain"
    noise     = "shared"
  }

  training {
    steps = var.steps
  }

  # Statistics of the trained models are integrated, not sampled.
  evaluation {
    method = "exact"
  }
}
