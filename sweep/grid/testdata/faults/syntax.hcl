sweep "a" {
  seed = 1,
  grid {
    neurons = [2, 4
  }
}
