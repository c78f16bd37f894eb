sweep "a" {
  replicates {
    max   = 9
    until = {}
  }
  replicates {
  }
  grid {
    k = [0, 1]
  }
}
