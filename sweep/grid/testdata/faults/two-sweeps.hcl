sweep "a" {
}

sweep "b" {
}
