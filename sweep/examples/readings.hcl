# The paper's claims, put to the test: four readings of its training, each with the
# sixty configurations of Fig. S1, and models to compare with. claims.csv and claims.md
# say which claim holds for which reading; simulator/RESULTS.md reports a run.
#
#   coordinator --grid sweep/examples/readings.hcl --recording bint_fishmovie32_100.mat

variable "replicates" {
  description = "trainings of each configuration, from different seeds"
  default     = 5
}

sweep "readings" {
  seed       = 1
  replicates = var.replicates

  recording {
    source = "file"
    select = "most_active"
  }

  # "" has this project's defaults. `coordinator settings` describes the others.
  grid {
    preset    = ["paper", "heritage", "", "population"]
    neurons   = [2, 4, 6, 8, 10]
    timesteps = [1, 2, 5, 10, 20, 30]
    k         = [0, 1]
  }

  evaluation {
    baselines = ["independent", "psth", "pairwise", "k_pairwise", "population_tracking", "markov", "time_independent"]
  }
}
