# A coordinator and four workers on Nomad. This file was not run: CI has no Nomad, and
# `make manifests` checks only its syntax and its command lines. A simpler worker was run on
# Nomad 2.0, with the same signals and exit codes.
#
#   coordinator keys --advertise spiqsweep:7473 --out keys
#   nomad var put nomad/jobs/spiqsweep worker=@keys/worker.json
#   nomad var put nomad/jobs/spiqsweep/coordinator operator=@keys/operator.json ca=@keys/ca.pem ca_key=@keys/ca-key.pem
#   nomad job run -var image=registry.example.org/spiqsweep:COMMIT -var coordinator=192.0.2.1:7473 deploy/nomad/spiqsweep.nomad.hcl
#
# All tasks of the job may read the first variable, and those of the group coordinator alone
# the second one.
#
# The store is on a host volume with the name spiqsweep, which its client's configuration
# declares and which belongs to the user 65532.

variable "image" {
  type        = string
  description = "The image of `make image`, with a tag that never moves."
}

variable "coordinator" {
  type        = string
  description = "HOST:7473 of the client that has the volume: workers call it."
}

variable "workers" {
  type    = number
  default = 4
}

job "spiqsweep" {
  group "coordinator" {
    count = 1 # SQLite has one coordinator

    volume "data" {
      type   = "host"
      source = "spiqsweep"
    }

    network {
      port "grpc" {
        static = 7473
      }
    }

    service {
      name     = "spiqsweep"
      provider = "nomad"
      port     = "grpc"
    }

    task "coordinator" {
      driver       = "docker"
      kill_timeout = "30s" # the most that a client grants by default

      config {
        image           = var.image
        command         = "coordinator"
        args            = ["serve", "--listen=0.0.0.0:7473", "--keys=/secrets/keys", "--out=/data/serve", "--log-format=json"]
        ports           = ["grpc"]
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
      }

      volume_mount {
        volume      = "data"
        destination = "/data"
      }

      template {
        destination = "secrets/keys/worker.json"
        data        = "{{ with nomadVar \"nomad/jobs/spiqsweep\" }}{{ .worker }}{{ end }}"
        perms       = "0400"
        uid         = 65532
        gid         = 65532
      }
      template {
        destination = "secrets/keys/operator.json"
        data        = "{{ with nomadVar \"nomad/jobs/spiqsweep/coordinator\" }}{{ .operator }}{{ end }}"
        perms       = "0400"
        uid         = 65532
        gid         = 65532
      }
      template {
        destination = "secrets/keys/ca.pem"
        data        = "{{ with nomadVar \"nomad/jobs/spiqsweep/coordinator\" }}{{ .ca }}{{ end }}"
        perms       = "0400"
        uid         = 65532
        gid         = 65532
      }
      template {
        destination = "secrets/keys/ca-key.pem"
        data        = "{{ with nomadVar \"nomad/jobs/spiqsweep/coordinator\" }}{{ .ca_key }}{{ end }}"
        perms       = "0400"
        uid         = 65532
        gid         = 65532
      }

      resources {
        cpu    = 1000
        memory = 2048
      }
    }
  }

  group "worker" {
    count = var.workers

    # Workers start again for as long as the job runs.
    restart {
      interval = "10m"
      attempts = 20
      delay    = "15s"
      mode     = "delay"
    }

    task "worker" {
      driver       = "docker"
      kill_timeout = "30s"

      config {
        image           = var.image
        command         = "worker"
        args            = ["--coordinator=${var.coordinator}", "--credentials=/secrets/worker.json", "--stay", "--connect-timeout=0", "--slots=4", "--log-format=json"]
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
      }

      template {
        destination = "secrets/worker.json"
        data        = "{{ with nomadVar \"nomad/jobs/spiqsweep\" }}{{ .worker }}{{ end }}"
        perms       = "0400"
        uid         = 65532
        gid         = 65532
      }

      resources {
        cores  = 4
        memory = 2048
      }
    }
  }
}
