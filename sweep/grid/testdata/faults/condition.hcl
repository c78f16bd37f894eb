sweep "a" {
  grid {
    neurons = [2, 4]
  }

  exclude {
    when = neurons + 1
  }
}
