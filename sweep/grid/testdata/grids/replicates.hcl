variable "precision" {
  default = 0.5
}

sweep "adaptive" {
  replicates {
    min = 4
    max = 12
    until = {
      mse_firing_rate_hz2 = 0.2
      mse_k_probability   = var.precision
    }
  }
  grid {
    k       = [0, 1]
    neurons = [2, 4]
  }
  training {
    steps = 10
  }
  evaluation {
    baselines = ["independent", "mixture"]
  }
}
