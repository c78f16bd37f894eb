sweep "a" {
  grid {
    neurons = [2, 4]
  }

  exclude {
    when = neurons > 3
  }

  exclude {
    when = neurons <= 3 && final_encoding == false && entangler == "chain"
  }
}
