# Explicit settings change what the preset says, wherever its axis stands.
sweep "presets" {
  grid {
    layers = [4, 6]
    preset = ["", "paper", "paper-l5", "pqwgan"]
  }

  training {
    schedule = "cosine"
  }
}
