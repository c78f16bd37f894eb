# A recording: does the circuit's entanglement matter? The same ansatz with and
# without its CNOTs, and with and without the K-loss, on the most active neurons.
#
#   coordinator --grid sweep/examples/recording.hcl --recording bint_fishmovie32_100.mat
#
# The recording of the paper is at https://doi.org/10.15479/AT:ISTA:61. Any other
# is a .mat or .npy array of repeats × neurons × bins, with values 0 and 1.

variable "replicates" {
  description = "trainings of each configuration, from different seeds"
  default     = 3
}

variable "steps" {
  description = "generator updates of each training"
  default     = 2000
}

sweep "recording" {
  seed       = 1
  replicates = var.replicates

  # --recording names the file; path = "FILE" here does the same. A fifth of the
  # repeats is held out, and errors are reported against both parts.
  recording {
    source  = "file"
    select  = "most_active"
    holdout = 0.2
  }

  grid {
    neurons   = [2, 4, 6, 8]
    timesteps = [1, 5]
    k         = [0, 1]
    entangler = ["chain", "none"]
  }

  # The control without CNOTs is trained for single time steps only.
  exclude {
    when = entangler == "none" && timesteps > 1
  }

  training {
    steps = var.steps
  }
}
