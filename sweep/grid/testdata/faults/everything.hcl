# Faults of all stages but syntax, at once.
# --var stps=3
variable "steps" {
  default = 100
}

variable "seeds" {
}

sweep "fig/s1" {
  seed       = -1
  replicates = 0
  layers     = 3
  circuit    = 4

  recording {
    source = "surogate"
    path   = 7
  }

  grid {
    nuerons   = [2, 4]
    timesteps = [1, 2, 1]
    k         = []
    noise     = ["shared", "per_qbit"]
    layers    = 4
    select    = [50, 2]
    steps     = range(1, 3)
  }

  circuit {
	neurons   = 4
	entangler = "chian"
	clip      = true
	order     = ["encode_first", "parameters_first"]
  }

  training {
    steps         = var.step
    batch_size    = stps
    beta1         = rnage(3)
    beta2         = "0.9"
    hidden_units  = null
    momentum      = 0.9
    average       = 1
    critic_updates = 1.5
    k_loss        = {}
    gradient      = var.seeds
  }

  evaluation {
    baselines = ["independant", "pairwise"]
    samples   = 3
    method    = "exact" == "exact"
  }

  exclude {
    when = nuerons * steps > 3
  }

  exclude {
  }

  exclude {
    if   = true
    when = steps > 3
  }

  grid {
  }

  optimiser {
  }
}
