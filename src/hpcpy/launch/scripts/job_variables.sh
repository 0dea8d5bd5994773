# shellcheck shell=bash
# On the host, before Apptainer: a container without its variables (--cleanenv,
# APPTAINER_CLEANENV=1) gets those of the job, or each rank would be rank 0 of 1 there.
for name in ${!SLURM@} ${!PMI@} ${!CUDA_VISIBLE@} ${!ROCR_VISIBLE@} ${!HPCPY_PREFLIGHT@} \
  ${!HPCPY_SITE_FILE@}; do
  inside=APPTAINERENV_$name
  [ "${!inside+set}" ] || export "$inside=${!name}"
done
