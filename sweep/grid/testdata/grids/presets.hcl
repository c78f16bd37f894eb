# Explicit settings override the preset, wherever its axis is written.
sweep "presets" {
  grid {
    layers = [4, 6]
    preset = ["", "paper", "paper-l5", "pqwgan"]
  }

  training {
    schedule = "cosine"
  }
}
