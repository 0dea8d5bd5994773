# The first kind of MPI that this Slurm has; old ones name theirs on stderr.  What srun, or its
# absence, says here it says again to who uses it.
set failed [catch {exec srun --mpi=list 2>@1} kinds]
set remark @no_kind@
if {$failed && $kinds ne "child process exited abnormally"} { set remark "" }
foreach kind {@kinds@} {
    if {[lsearch [split $kinds "\n\t ,"] $kind] >= 0} {
        setenv SLURM_MPI_TYPE $kind
        set verbose [expr {[info exists env(HPCPY_VERBOSE)] && $env(HPCPY_VERBOSE) eq "1"}]
        set remark [expr {$verbose ? "hpcpy: srun --mpi=$kind" : ""}]
        break
    }
}
if {$remark ne "" && [module-info mode load]} { puts stderr $remark }
