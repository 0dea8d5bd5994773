#%Module1.0
# Written by `hpcpy modulefile`.
# For Environment Modules, and for Lmod, which reads Tcl, too.
proc ModulesHelp {} { puts stderr @about@ }
module-whatis @about@
conflict @name@
# Another one by another name: what that sets for srun would go with the first that is unloaded.
if {[info exists env(HPCPY_MODULE)]} { conflict $env(HPCPY_MODULE) }
setenv HPCPY_MODULE @name@
@needs@
@mpi@
@site@
# A rank that dies ends all: srun reads it.
setenv SLURM_KILL_BAD_EXIT 1
prepend-path PATH @programs@
