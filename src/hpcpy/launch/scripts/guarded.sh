# shellcheck shell=bash disable=SC2154  # the job script sets step, and reads hpcpy_code
# In the job's shell: runs the step to its end, whatever signals come.
#
# The step runs in the background, since bash runs no trap while it waits for a foreground
# command.  It has a process group of its own: otherwise srun would get a Ctrl-C twice, from
# the terminal and by the trap, and kill the ranks.  The traps stand before the step: without
# one, bash forgets a Ctrl-C that the step survives.  A trap ends `wait`, but not the step.
hpcpy_early='' hpcpy_step=''
stop() { if [ "$hpcpy_step" ]; then kill -INT "$hpcpy_step" 2>/dev/null; else hpcpy_early=1; fi; }
trap stop TERM INT HUP
set -m
(exec "${step[@]}") & # not a function of its name
hpcpy_step=$!
set +m
[ ! "$hpcpy_early" ] || kill -INT $hpcpy_step
# shellcheck disable=SC2034
until wait $hpcpy_step; hpcpy_code=$?; ! kill -0 $hpcpy_step 2>/dev/null; do :; done
