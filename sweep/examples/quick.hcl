# A first look, in less than a minute: two and four neurons, one and two time
# steps, with the K-loss and without it, five trainings of each.
#
#   coordinator --grid sweep/examples/quick.hcl

sweep "quick" {
  seed       = 1
  replicates = 5

  grid {
    neurons   = [2, 4]
    timesteps = [1, 2]
    k         = [0, 1]
  }

  # A point of the Jensen–Shannon divergence during training every so many steps.
  evaluation {
    history_every = 20
  }
}
