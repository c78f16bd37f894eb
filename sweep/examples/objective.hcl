# Does the circuit or its training limit the fit? The same circuits, trained against a
# critic, by exact likelihood and by maximum mean discrepancy, in a minute or two.
#
#   coordinator --grid sweep/examples/objective.hcl

sweep "objective" {
  seed = 1

  # Five trainings of each configuration, and more until the 95 % interval of the
  # geometric mean of the error of P(k) is at most a factor of 2 either way.
  replicates {
    min   = 5
    max   = 20
    until = { mse_k_probability = 1 }
  }

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
