sweep "a" {
  replicates {
    max   = 200000
    until = { mse_k_probability = 0.2 }
  }
  grid {
    neurons = [1, 2, 3, 4, 5, 6, 7]
  }
}
