# A sweep of one cell.
sweep "one" {
}
