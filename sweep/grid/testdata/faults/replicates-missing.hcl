sweep "a" {
  replicates {
    min = 3
  }
  grid {
    k = [0, 1]
  }
}
