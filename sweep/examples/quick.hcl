# A first sweep, in less than a minute: two and four neurons, one and two time
# steps, with and without the K-loss, five trainings of each.
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

  # Steps between two points of the Jensen–Shannon divergence during training.
  evaluation {
    history_every = 20
  }
}
