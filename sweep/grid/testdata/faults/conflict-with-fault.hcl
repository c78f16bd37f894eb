# auxiliary is at fault itself, so nothing is said about neurons + auxiliary.
sweep "a" {
  grid {
    neurons = [16]
  }

  circuit {
    auxiliary = 16
    noise_low = 4
  }
}
