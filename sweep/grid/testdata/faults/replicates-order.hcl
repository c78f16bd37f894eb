sweep "a" {
  replicates {
    min   = 8
    max   = 5
    until = { mse_k_probability = 0.2 }
  }
  grid {
    k = [0, 1]
  }
}
