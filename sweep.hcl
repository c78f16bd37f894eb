# The sixty cells of the paper's Fig. S1: five numbers of neurons, six numbers of
# time steps, with the K-loss and without it. `coordinator` runs this file when
# it is given no other; `coordinator --grid my.hcl` runs yours.
#
# Every setting that is not written here has its default. `coordinator plan
# --grid sweep.hcl` says what there is to do, and how long it may take.

# Replicates run one after the other, the longest trainings of each first: a first
# whole figure is there after a fifth of the time. `--var replicates=1` is that alone.
variable "replicates" {
  description = "trainings of each configuration, from different seeds; from 3 on there are intervals"
  default     = 5
}

variable "steps" {
  description = "generator updates of each training"
  default     = 2000
}

sweep "figure-s1" {
  seed       = 1
  replicates = var.replicates

  # Without a recording, a built-in surrogate stands in: synthetic spikes with the
  # rates and correlations of the salamander retina. `--recording FILE` trains on
  # a real one instead.
  recording {
    source = "surrogate"
    select = "most_active"
  }

  # Each line is an axis: all combinations are trained. Any setting may stand
  # here as a list, such as entangler = ["chain", "none"].
  grid {
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
