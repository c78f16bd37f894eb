# Is the misfit the circuit's or the training's? Exact maximum likelihood trains each
# ansatz as well as it can be trained, beside models of the field with their own
# parameters, and scores all of them on repeats that training never saw.
#
#   coordinator --grid sweep/examples/ansatz.hcl --recording bint_fishmovie32_100.mat

variable "steps" {
  description = "updates of each training, in eight starts"
  default     = 8000
}

sweep "ansatz" {
  seed      = 1
  objective = "likelihood"

  recording {
    source  = "file"
    select  = "most_active"
    holdout = 0.2
  }

  # 8n parameters each. Without CNOTs the circuit is a classical mixture.
  grid {
    neurons    = [4, 6, 8, 10]
    entangler  = ["chain", "none"]
    noise_high = [1, 2, 3.141592653589793]
  }

  training {
    steps    = var.steps
    restarts = 8
  }

  evaluation {
    baselines = ["independent", "pairwise", "k_pairwise", "population_tracking", "dichotomised_gaussian", "mixture", "rbm"]
  }
}
