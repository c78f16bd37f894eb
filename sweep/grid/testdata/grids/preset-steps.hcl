# An axis overrides the preset's value.
sweep "preset-steps" {
  preset = "heritage"

  grid {
    steps = [500, 2000]
  }
}
