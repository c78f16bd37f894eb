sweep "preset-fixed" {
  preset = "paper-vector"

  circuit {
    noise_high = 1
  }
}
