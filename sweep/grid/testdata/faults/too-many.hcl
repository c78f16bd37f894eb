sweep "a" {
  replicates = 5

  grid {
    seed    = range(1000)
    steps   = range(1, 1001)
    neurons = [2, 4]
  }
}
