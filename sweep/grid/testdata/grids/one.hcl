# A sweep of one configuration.
sweep "one" {
}
