sweep "a" {
  neurons = 4

  grid {
    steps   = [1, 2]
    neurons = [2, 4]
  }

  training {
    steps = 100
  }

  recording {
    path   = "x.mat"
    source = "surrogate"
  }
}
