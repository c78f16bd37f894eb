variable "many" {
  default = range(1000)
}

sweep "a" {
  grid {
    k    = [for i in range(1000) : max(range(1000)...)]
    seed = [for i in var.many : [for j in var.many : j][0]]
    steps = [1e99999]
    average = [1e-99999]
  }
}
