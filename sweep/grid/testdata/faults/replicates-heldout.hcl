sweep "a" {
  replicates {
    max   = 2000
    until = { heldout_mse_k_probability = 0.2 }
  }
  grid {
    k = [0, 1]
  }
}
