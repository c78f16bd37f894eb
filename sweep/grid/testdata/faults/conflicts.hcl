sweep "a" {
  grid {
    neurons    = [2, 10, 12]
    auxiliary  = [4, 10]
    noise_high = [-1, 1, 0]
  }

  recording {
    select = [50, 2, 16]
  }
}
