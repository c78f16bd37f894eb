# Which form and weight of the K-loss helps, and whether early stopping or another
# estimator of the gradient changes that.
#
#   coordinator --grid sweep/examples/losses.hcl --recording bint_fishmovie32_100.mat

variable "replicates" {
  description = "trainings of each configuration, from different seeds"
  default     = 5
}

sweep "losses" {
  seed       = 1
  replicates = var.replicates

  recording {
    source = "file"
    select = "most_active"
  }

  grid {
    preset    = ["paper", ""]
    neurons   = [4, 8]
    timesteps = [1, 5]
    k         = [0, 0.03, 0.3, 1]
    k_loss    = ["absolute", "absolute_sign", "square", "absolute_pairs", "sorted", "population"]
    steps     = [500, 2000]
    gradient  = ["local", "reinforce"]
  }

  # Fewer steps and the other gradient are compared for two forms at one weight.
  exclude {
    when = (steps != 2000 || gradient != "local") && k != 0 && (k != 1 || k_loss != "absolute" && k_loss != "population")
  }

  exclude {
    when = steps != 2000 && gradient != "local"
  }
}
