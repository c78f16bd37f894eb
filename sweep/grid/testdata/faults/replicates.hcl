sweep "a" {
  replicates = 4
  replicates {
    min   = 2
    max   = 2.5
    until = { mse_k_probabilty = 0.2, rates = 0.1, mse_covariance = 0, js_bits = "narrow" }
    seeds = 3
  }
  grid {
    k = [0, 1]
  }
}
