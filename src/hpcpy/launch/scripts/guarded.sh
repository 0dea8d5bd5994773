# shellcheck shell=bash disable=SC2154  # the job script sets step, and reads code
# In the job's shell: runs the step to its end, whatever signals come.
#
# The step runs in the background, since bash runs no trap while it waits for a foreground
# command.  It has a process group of its own: otherwise srun would get a Ctrl-C twice, from
# the terminal and by the trap, and kill the ranks.  The traps stand before the step: without
# one, bash forgets a Ctrl-C that the step survives.  A trap ends `wait`, but not the step.
early='' running=''
stop() { if [ "$running" ]; then kill -INT "$running" 2>/dev/null; else early=1; fi; }
trap stop TERM INT HUP
set -m
"${step[@]}" &
running=$!
set +m
[ ! "$early" ] || kill -INT $running
# shellcheck disable=SC2034
until wait $running; code=$?; ! kill -0 $running 2>/dev/null; do :; done
