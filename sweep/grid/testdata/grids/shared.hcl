# Configurations that do not read an axis share a task: with k = 0 there is no K-loss.
sweep "shared" {
  grid {
    k      = [0, 1]
    k_loss = ["absolute", "square"]
  }
}
