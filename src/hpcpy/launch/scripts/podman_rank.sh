# shellcheck shell=bash
# In podman's container: becomes the rank, whose words are "$@".
unset HPCPY_TASK
exec "$@"
