"""``hpcpy batch`` of the image: the script that it prints, without a checkout, runs."""

from __future__ import annotations

from pathlib import Path

from launching import RANKS, SECONDS
from local_cluster import Cluster, image


def test_the_images_script_starts_the_ranks_on_both_nodes(cluster: Cluster) -> None:
    program, *inside = image()
    folder = cluster.shared
    (folder / "my-mpi.py").write_text(RANKS)
    # By its name, as a site has it on PATH.
    found = {"PATH": f"{Path(program).parent}:{cluster.environment()['PATH']}"}
    words = ("--nodes=2", "--tasks=4", "--time=5", "--", "my-mpi.py", "two words", "0")
    made = cluster.run(program, *inside, "hpcpy", "batch", *words, env=found)
    assert (made.returncode, made.stderr) == (0, "")
    assert inside[-1] in made.stdout
    (folder / "job.sh").write_text(made.stdout)
    out, err = folder / "job.out", folder / "job.err"
    ran = cluster.run(
        *("sbatch", "--wait", f"--output={out}", f"--error={err}", "job.sh"),
        timeout=SECONDS,
        env=found,
    )
    assert (ran.returncode, out.read_text(), err.read_text()) == (0, "4|2|two words|0\n", "")
