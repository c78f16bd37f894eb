# Cells that read an axis only in part are one task: k = 0 has no form of K-loss.
sweep "shared" {
  grid {
    k      = [0, 1]
    k_loss = ["absolute", "square"]
  }
}
