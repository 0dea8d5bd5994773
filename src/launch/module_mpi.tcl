# The first kind of MPI that this Slurm has; old ones name theirs on stderr.
catch {exec srun --mpi=list 2>@1} kinds
foreach kind {@kinds@} {
    if {[lsearch [split $kinds "\n\t ,"] $kind] >= 0} {
        setenv SLURM_MPI_TYPE $kind
        break
    }
}
