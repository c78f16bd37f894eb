# --var steps=1e3
# --var cells=[3, 1]
# --var free=ring
# --var clip=true
# --var label=5
variable "steps" {
  default = 100
}

variable "cells" {
  default = [1, 2]
}

variable "free" {
}

variable "clip" {
  default = false
}

variable "label" {
  default = "x"
}

variable "open" {
  default = null
}

sweep "variables" {
  recording {
    source = "file"
    clip   = var.clip
  }

  grid {
    entangler = ["none", var.free]
    select    = ["first", var.cells, [5, 4]]
    steps     = [for i in range(1, 3) : i * var.steps]
    average   = range(0, 0.5, 0.25)
  }

  exclude {
    when = var.label == "5" && steps > 1500 && average > 0
  }
}
