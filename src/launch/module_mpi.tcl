# The first kind of MPI that this Slurm has; old ones name theirs on stderr, and each has none.
catch {exec srun --mpi=list 2>@1} kinds
foreach kind {@kinds@ none} {
    if {[lsearch [split $kinds "\n\t ,"] $kind] >= 0} {
        if {$kind ne "none"} {
            setenv SLURM_MPI_TYPE $kind
            set verbose [expr {[info exists env(HPCPY_VERBOSE)] && $env(HPCPY_VERBOSE) eq "1"}]
            if {$verbose && [module-info mode load]} {
                puts stderr "hpcpy: srun --mpi=$kind"
            }
        } elseif {[module-info mode load]} {
            puts stderr @no_kind@
        }
        break
    }
}
