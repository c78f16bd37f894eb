# auxiliary is at fault itself, so nothing is said about neurons + auxiliary.
sweep "a" {
  grid {
    neurons = [20]
  }

  circuit {
    auxiliary = 20
    noise_low = 4
  }
}
