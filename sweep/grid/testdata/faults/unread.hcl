# Fixed: a warning. Swept: an error.
sweep "a" {
  grid {
    neurons = [2, 4]
    k_loss  = ["absolute", "square"]
  }

  circuit {
    auxiliary_readout = "postselect"
  }

  training {
    clip_bound = 0.1
  }
}
