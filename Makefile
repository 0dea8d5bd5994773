# Each target calls ./hpcpy. Its settings are variables of make's command line, none of the
# environment: src/hpcpy/commands.py gets them one a line, as typed, with nothing expanded.
override define LINE


endef
override GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
unexport $(GIVEN)
override MAKEOVERRIDES :=
override export HPCPY_SETTINGS := $(foreach name,$(GIVEN),$(name)=$(subst $(LINE),\n,$(subst \,\\,$(value $(name))))$(LINE))
override export HPCPY_PYTHON := $(if $(filter PYTHON,$(GIVEN)),$(value PYTHON),python3)
# Blanks separate its names and may be in them: its first tail that is a file is this Makefile.
override export HPCPY_MAKEFILE := $(MAKEFILE_LIST)
override FIND = m=$$HPCPY_MAKEFILE; while [ ! -f "$$m" ] && [ "$$m" != "$${m\#* }" ]; do m=$${m\#* }; done
override HPCPY = $(FIND); exec "$$HPCPY_PYTHON" -I "$$(dirname -- "$$(readlink -f -- "$$m")")/hpcpy" --from-make
override SHELL := /bin/sh

.PHONY: help setup fetch oci sif standalone cuda relink run launch batch modulefile kernelspec pack cluster check test test-long test-gpu test-upstream test-packages bench storm sbom release install lock verify html clean

help: ## this list
	@$(FIND); awk -F ':.*## ' '/^## / { print substr($$0, 4) } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' <"$$m"

setup: ## get what is missing of Apptainer, buildah … and say what this machine can do
	@$(HPCPY) setup

oci: ## build build/hpcpy.oci.tar, for podman, Docker, Shifter and podman-hpc
	@$(HPCPY) build oci

sif: ## build build/hpcpy.sif, for Apptainer; IMAGE=hpcpy-core: the small image
	@$(HPCPY) build sif

standalone: ## build build/hpcpy-python, the interpreter as one file for a host without an engine
	@$(HPCPY) build standalone

cuda: ## build build/hpcpy-cuda.oci.tar and .sif: hpcpy with numba-cuda and CUDA 12
	@$(HPCPY) build sif hpcpy-cuda

run: ## run a workload in the image: make run W="mandel --area area1"
	@$(HPCPY) run

pack: ## pack a conda environment or a venv into one file, in place: PREFIX=FOLDER (docs/how-to/pack.md)
	@$(HPCPY) pack

cluster: ## start a Slurm of two nodes on this machine; STOP=1: end it and its jobs, remove its files
	@$(HPCPY) cluster

launch: ## run a workload, or a program of yours, by srun: make launch PROGRAM=my-mpi.py NODES=2 TASKS=8
	@$(HPCPY) launch

batch: ## write the same as a script for sbatch; DRY=1 prints either (docs/how-to/sites.md)
	@$(HPCPY) batch

modulefile: ## write a module whose python and mpiexec are a SIF's: TO=FOLDER (docs/how-to/modules.md)
	@$(HPCPY) modulefile

kernelspec: ## write a Jupyter kernel that runs in an image (docs/how-to/jupyter.md)
	@$(HPCPY) kernelspec

test: ## the tests, inside the image and out; PEDANTIC=1 makes a skip a failure
	@$(HPCPY) test

html: ## build README and docs as pages: build/docs/index.html, to read without a network
	@$(HPCPY) html

clean: ## remove the images; ALL=1: stop the local cluster, remove all of build/; the cache stays
	@$(HPCPY) clean

## For maintainers:

fetch: ## download and verify all that is pinned
	@$(HPCPY) fetch

relink: ## move a library of Debian's to its newest version, link the image anew: NAME=openssl
	@$(HPCPY) relink

check: ## lint, types and host tests, for before each commit
	@$(HPCPY) check

test-long: ## those that take long: sweeps over all cases, storms of jobs, other images
	@$(HPCPY) test-long

test-gpu: ## every GPU row, its answer checked, in hpcpy-cuda on a GPU; ON=here or ON=PYTHON: without a container
	@$(HPCPY) test-gpu

test-upstream: ## the packages' own tests in both images, for hours; SUITE="h5py numba-all"
	@$(HPCPY) test-upstream

test-packages: ## packages that scientists use, in a venv and baked; PACKAGES="scipy torch"
	@$(HPCPY) test-packages

bench: ## measure the starts that README shows, as root; the others: python3 benchmarks/NAME.py --help
	@$(HPCPY) bench

storm: ## start ranks on a shared file system of this machine (docs/explanation/import-storms.md)
	@$(HPCPY) storm

sbom: ## what is in the image as an SBOM, build/hpcpy.spdx.json; IMAGE=hpcpy-cuda for that one's
	@$(HPCPY) sbom

release: ## images, files, SBOMs, provenance, recipes, pages in one folder; KEY=FILE signs it
	@$(HPCPY) release

install: ## copy the tool alone, as its wheel has it, for packagers: PREFIX=/usr/local DESTDIR=FOLDER
	@$(HPCPY) install

lock: ## resolve all pins again and list the changes; NAME=numpy: that Python package, with what it needs
	@$(HPCPY) lock

verify: ## build again, from an empty cache, and compare the bytes
	@$(HPCPY) verify
