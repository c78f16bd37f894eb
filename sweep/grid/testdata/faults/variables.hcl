# --var steps=many
# --var list=3
# --var open=3
# --var nothing=4
# --var pairs=[1, 2
# --var deep=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
variable "steps" {
  default = 100
}

variable "list" {
  default = [1, 2]
}

variable "pairs" {
  default = [1, 2]
}

variable "deep" {
  default = [1, 2]
}

variable "steps" {
  default = 3
}

variable "a b" {
  default = 3
}

variable "other" {
  default     = var.steps
  description = 4
  type        = "number"
}

sweep "a" {
  grid {
    steps   = [var.steps]
    neurons = var.list
    k       = other
    seed    = [other, var["list"], steps]
  }

  exclude {
    when = neurons > var.other
  }
}

variable "object" {
  default = { a = 1 }
}

variable "open" {
  default = null
}
