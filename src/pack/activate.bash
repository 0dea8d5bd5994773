# What a start of an environment of conda gives to bash, with a program as $0 and its words.
words=("$@")
set --
shopt -s nullglob
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
  # shellcheck disable=SC1090
  . "$script" >&2
done
shopt -u nullglob
unset script
exec -a "${words[0]}" "$0" "${words[@]:1}"
