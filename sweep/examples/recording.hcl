# A real recording: does the circuit's entanglement matter? The same ansatz with
# its CNOTs and without them, beside the K-loss, on the most active cells.
#
#   coordinator --grid sweep/examples/recording.hcl --recording bint_fishmovie32_100.mat
#
# The recording of the paper is at https://doi.org/10.15479/AT:ISTA:61. A file of
# one's own is a .mat or .npy array of repeats × neurons × bins, 0 or 1.

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

  # The file comes from --recording; path = "FILE" here would do as well.
  # A fifth of the repeats is held out: errors are reported against both parts.
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

  # The control without CNOTs is wanted for single bins only.
  exclude {
    when = entangler == "none" && timesteps > 1
  }

  training {
    steps = var.steps
  }
}
