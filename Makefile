# Each target calls ./hpcpy. Its settings are variables of make's command line, none of the
# environment: src/hpcpy/from_make.py gets them one a line, as typed, with nothing expanded.
override define LINE


endef
override GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
unexport $(GIVEN)
override MAKEOVERRIDES :=
override export HPCPY_SETTINGS := $(foreach name,$(GIVEN),$(name)=$(subst $(LINE),\n,$(subst \,\\,$(value $(name))))$(LINE))
override export HPCPY_GOALS := $(words $(MAKECMDGOALS))
override export HPCPY_PYTHON := $(if $(filter PYTHON,$(GIVEN)),$(value PYTHON),python3)
# Blanks separate its names and may be in them: its first tail that is a file is this Makefile.
override export HPCPY_MAKEFILE := $(MAKEFILE_LIST)
override FIND = m=$$HPCPY_MAKEFILE; while [ ! -f "$$m" ] && [ "$$m" != "$${m\#* }" ]; do m=$${m\#* }; done
override HPCPY = $(FIND); exec "$$HPCPY_PYTHON" -I "$$(dirname -- "$$(readlink -f -- "$$m")")/hpcpy" --from-make
override ANY = $(filter-out PYTHON HPCPY_%,$(GIVEN))
override BENCHMARK = $(if $(ANY),$(error $@ takes no variable $(ANY): python3 benchmarks/NAME.py --help))$(FIND); exec "$$HPCPY_PYTHON" "$$(dirname -- "$$(readlink -f -- "$$m")")/benchmarks"
override SHELL := /bin/sh

.PHONY: help setup fetch image sif cuda run launch batch modulefile kernelspec cluster cluster-stop check test test-long test-cuda test-gpu test-upstream test-packages faults fuzz bench storm size sbom audit context release sign check-signature push lock outdated verify docs clean clean-cache distclean

help: ## this list
	@$(FIND); awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' <"$$m"

setup: ## get what is missing of Apptainer, buildah … and say what this machine can do
	@$(HPCPY) setup

fetch: ## download and verify all that is pinned
	@$(HPCPY) fetch

image: ## build build/hpcpy.oci.tar, for podman, Docker, Shifter and podman-hpc
	@$(HPCPY) build oci

sif: ## build build/hpcpy.sif, for Apptainer; IMAGE=hpcpy-core: the small image
	@$(HPCPY) build sif

cuda: ## build build/hpcpy-cuda.oci.tar and .sif: hpcpy with numba-cuda and CUDA 12
	@$(HPCPY) build sif hpcpy-cuda

run: ## run a workload in the image: make run W="mandel --area area1"
	@$(HPCPY) run

cluster: ## start a Slurm of two nodes on this machine, and say how to use it
	@$(HPCPY) cluster

cluster-stop: ## stop it and its jobs, and remove its files
	@$(HPCPY) cluster --stop

launch: ## run a workload, or a program of yours, by srun: make launch PROGRAM=my-mpi.py NODES=2 TASKS=8
	@$(HPCPY) launch

batch: ## write the same as a script for sbatch; DRY=1 prints either (docs/sites.md)
	@$(HPCPY) batch

modulefile: ## write a module whose python and mpiexec are a SIF's: TO=FOLDER (docs/modules.md)
	@$(HPCPY) modulefile

kernelspec: ## write a Jupyter kernel that runs in an image (docs/jupyter.md)
	@$(HPCPY) kernelspec

check: ## lint, types and host tests, for before each commit
	@$(HPCPY) check

test: ## the tests, inside the image and out; PEDANTIC=1 makes a skip a failure
	@$(HPCPY) test

test-long: ## those that take long: sweeps over all cases, storms of jobs, browsers, other images
	@$(HPCPY) test --long

test-cuda: ## tests of hpcpy-cuda that need no GPU
	@$(HPCPY) test-cuda

test-gpu: ## every GPU row, its answer checked, in hpcpy-cuda on a GPU; ON=here: without a container
	@$(HPCPY) test-gpu

test-upstream: ## the packages' own tests in both images, for hours; SUITE="h5py numba-all"
	@$(HPCPY) test-upstream

test-packages: ## packages that scientists use, each in a venv on the image; PACKAGES="scipy torch"
	@$(HPCPY) test-packages

faults: ## inject faults and report the results (docs/faults.md)
	@$(HPCPY) faults

fuzz: ## feed random inputs to our C, built with sanitizers: MINUTES=10
	@$(HPCPY) fuzz

bench: ## measure the starts that README shows; the others: python3 benchmarks/NAME.py --help
	@$(BENCHMARK)/startup.py
	@$(BENCHMARK)/cold.py

storm: ## start ranks on a shared file system of this machine (docs/import-at-scale.md)
	@$(BENCHMARK)/storm.py

size: ## what the image is made of
	@$(HPCPY) size

sbom: ## what is in the image as an SBOM, build/hpcpy.spdx.json; IMAGE=hpcpy-cuda for that one's
	@$(HPCPY) sbom

audit: ## check the image for known vulnerabilities: DATA="FOLDER FILE.zip" (SECURITY.md)
	@$(HPCPY) audit

context: ## write build/context, to build the images with podman or Docker elsewhere
	@$(HPCPY) context

release: ## an image, SBOM, provenance, hashes and notes in one folder; KEY=FILE signs it
	@$(HPCPY) release

sign: ## sign a release: make sign KEY=private.pem RELEASE=build/release/…
	@$(HPCPY) sign

check-signature: ## check a release: make check-signature KEY=public.pem RELEASE=…
	@$(HPCPY) check-signature

push: ## send an image to a registry: make push REF=registry.example.org/me/hpcpy:1; REF=oras://… the SIF
	@$(HPCPY) push

lock: ## resolve all pins again and list the changes; NAME=numpy: that one, with what it needs
	@$(HPCPY) lock

outdated: ## list newer versions of each pin, and whether they can be fetched; NAME="numpy numba"
	@$(HPCPY) outdated

verify: ## build twice and compare; IMAGE=FILE: compare FILE with this checkout's build
	@$(HPCPY) verify

docs: ## build README and docs as pages: build/docs/index.html, to read without a network
	@$(HPCPY) docs

clean: ## remove the images; tools and cache stay
	@$(HPCPY) clean

clean-cache: ## shrink the cache to KEEP GiB (default 0), oldest first
	@$(HPCPY) clean-cache

distclean: ## stop the local cluster and remove all of build/, the tools too; the cache stays
	@$(HPCPY) clean --all
