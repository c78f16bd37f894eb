# A circuit has 20 qubits at most.
sweep "a" {
  grid {
    neurons = [20, 21]
  }
}
