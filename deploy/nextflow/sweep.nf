// A sweep as one process of Nextflow 22 or newer. It relies on exit codes and files alone.
// This file was not run: CI has no Nextflow. The rule of Snakemake beside it, which has the
// same command and the same exit codes, is run in CI.
//
//   nextflow run deploy/nextflow/sweep.nf --grid sweep/examples/quick.hcl --folder /shared/runs/quick
//
// The folder is outside the task's work directory, so that a task that is run again goes on
// there: 75 (tasks are left) and 130 or 143 (stopped) are tried again, and nothing is trained
// twice. Any other code, such as 3 (some tasks failed), ends the workflow.

params.grid = 'sweep.hcl'
params.folder = "$launchDir/runs/sweep"

process SWEEP {
    cpus 4
    cache false // the folder knows what is finished, and Nextflow does not see a changed recording
    errorStrategy { task.exitStatus in [75, 130, 143] ? 'retry' : 'terminate' }
    maxRetries 3

    input:
    val grid // its absolute path, beside which a relative recording is found; a staged link has another folder

    output:
    path 'results.csv'
    path 'summary.csv'
    path 'completeness.json'

    script:
    """
    coordinator --grid '$grid' --out '${params.folder}' --local $task.cpus
    cp '${params.folder}'/results.csv '${params.folder}'/summary.csv '${params.folder}'/completeness.json .
    """
}

workflow {
    SWEEP(file(params.grid, checkIfExists: true).toAbsolutePath().toString())
}
