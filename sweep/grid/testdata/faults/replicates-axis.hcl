sweep "a" {
  replicates = { min = 3, max = 4 }
  grid {
    k          = [0, 1]
    replicates = [1, 2]
    replicates {
      max = 3
    }
  }
}
