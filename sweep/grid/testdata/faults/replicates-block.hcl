sweep "a" {
  replicates {
    max   = 9
    until {
      mse_k_probability = 0.2
    }
  }
  grid {
    k = [0, 1]
  }
}
