# Does the circuit or its training limit the fit? The same circuits, trained against a
# critic, by exact likelihood and by maximum mean discrepancy, in less than a minute.
#
#   coordinator --grid sweep/examples/objective.hcl

sweep "objective" {
  seed       = 1
  replicates = 5

  grid {
    objective = ["wgan", "likelihood", "mmd"]
    neurons   = [2, 4]
    timesteps = [1, 2]
  }

  # Likelihood and discrepancy divide the steps into independent starts and keep the
  # best of them.
  training {
    restarts = 8
  }
}
