swep "a" {
}

sweep {
}

variable {
  default = 1
}
