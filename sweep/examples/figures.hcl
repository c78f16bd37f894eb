# Every figure of the paper, for two readings of its training and two choices of neurons.
# The figures are drawn in the end, and again by `coordinator figures`.
#
#   coordinator --grid sweep/examples/figures.hcl --recording bint_fishmovie32_100.mat

variable "replicates" {
  description = "trainings of each configuration, from different seeds"
  default     = 3
}

variable "steps" {
  description = "updates of the generator"
  default     = 2000
}

sweep "figures" {
  seed       = 1
  replicates = var.replicates

  # Without --recording, the surrogate.
  grid {
    preset    = ["paper", "population"]
    select    = ["most_active", "first"]
    neurons   = [2, 4, 6, 8, 10]
    timesteps = [1, 2, 5, 10, 20, 30]
    k         = [0, 1]
  }

  training {
    steps = var.steps
  }
}
