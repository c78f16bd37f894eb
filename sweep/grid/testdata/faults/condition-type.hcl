sweep "a" {
  grid {
    neurons = [2, 4]
  }

  exclude {
    when = entangler > 3
  }
}
