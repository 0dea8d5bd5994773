"""Settings for ReFrame: a centre to copy, the Slurm of `make cluster`, any machine.

Copy the system `centre` for your own. `apptainer` has to be on PATH, or in a module.
"""

import os

_APPTAINER = {"type": "Apptainer", "default": True}

site_configuration = {
    "systems": [
        {
            "name": "cluster",
            "descr": "the Slurm of make cluster: ReFrame runs where its srun is on PATH",
            "hostnames": [],
            "partitions": [
                {
                    "name": "nodes",
                    # Slurm without accounting: there is no sacct to ask.
                    "scheduler": "squeue",
                    "launcher": "srun",
                    "environs": ["builtin"],
                    "container_platforms": [_APPTAINER],
                    "env_vars": [
                        # What srun --mpi= is, docs/how-to/mpi.md; without it N times rank 0 of 1.
                        ["SLURM_MPI_TYPE", "pmi2"],
                        # A rank that fails ends the others.
                        ["SLURM_KILL_BAD_EXIT", "1"],
                    ],
                    "max_jobs": 1,
                }
            ],
        },
        {
            "name": "centre",
            "descr": "a centre with Slurm, modules and GPUs: to copy",
            "hostnames": ["login[0-9]+"],
            # Where Lmod is, ReFrame loads the modules below with it.
            "modules_system": "lmod" if "LMOD_CMD" in os.environ else "nomod",
            "partitions": [
                {
                    "name": name,
                    "scheduler": "slurm",
                    "launcher": "srun",
                    "access": [f"--partition={name}", "--account=staff"],
                    "environs": ["builtin"],
                    "container_platforms": [{**_APPTAINER, "modules": ["apptainer"]}],
                    "env_vars": [["SLURM_MPI_TYPE", "pmix"], ["SLURM_KILL_BAD_EXIT", "1"]],
                    "features": features,
                    "resources": [
                        {
                            "name": "_rfm_gpu",
                            "options": ["--gpus-per-node={num_gpus_per_node}"],
                        }
                    ],
                }
                for name, features in (("cpu", []), ("gpu", ["cuda"]))
            ],
        },
        {
            "name": "machine",
            "descr": "this machine, without a scheduler",
            "hostnames": [".*"],
            "partitions": [
                {
                    "name": "here",
                    "scheduler": "local",
                    "launcher": "local",
                    "environs": ["builtin"],
                    "container_platforms": [_APPTAINER],
                    # Times of two checks at once would be those of neither.
                    "max_jobs": 1,
                }
            ],
        },
    ],
}
