# Axes in the order written, the first outermost.
# --var replicates=2
variable "replicates" {
  description = "trainings of each configuration"
  default     = 1
}

sweep "figure-s1" {
  seed       = 7
  replicates = var.replicates

  recording {
    select  = [50, 2, 16, 7]
    holdout = 0.25
  }

  grid {
    timesteps = [1, 5]
    neurons   = concat([2], [4])
    k         = [0, pow(10, -1)]
  }

  exclude {
    when = neurons * timesteps > 10 && k > 0
  }
}
