# Each target calls ./hpcpy. Its settings are variables of make's command line, none of the
# environment: src/hpcpy/commands.py gets them one a line, as typed, with nothing expanded.
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
# Tests and checks get what was given to them the same way: as typed, with nothing expanded.
override Q = '$(subst $(LINE), ,$(subst ','\'',$(1)))'
override given = $(filter $(1),$(GIVEN))
override EACH = $(foreach name,$(call given,PEDANTIC SETUP HPCPY_%),$(name)=$(call Q,$(value $(name))))
override WITHOUT = $(addprefix -u ,MAKEFLAGS MFLAGS MAKELEVEL HPCPY_SETTINGS HPCPY_GOALS HPCPY_MAKEFILE HPCPY_PYTHON PYTHONPATH)
override OTHERS = $(if $(filter 1,$(HPCPY_GOALS)),$(filter-out PYTHON PEDANTIC SETUP HPCPY_% IMAGE ARCH ON SUITE PACKAGES,$(GIVEN)))
override TESTS = $(if $(OTHERS),$(error $@ takes no variable $(OTHERS)))$(FIND); cd "$$(dirname -- "$$(readlink -f -- "$$m")")" && env $(WITHOUT) $(EACH) "$$HPCPY_PYTHON" tests/run.py
override CASES = $(if $(call given,$(1)),$(foreach case,$(value $(1)),$(call Q,$(2)[$(case)])),-m 'not heavy' $(2))
override ANY = $(filter-out PYTHON HPCPY_%,$(GIVEN))
override BENCHMARK = $(if $(ANY),$(error $@ takes no variable $(ANY): python3 benchmarks/NAME.py --help))$(FIND); exec "$$HPCPY_PYTHON" "$$(dirname -- "$$(readlink -f -- "$$m")")/benchmarks"
override SHELL := /bin/sh

.PHONY: help setup fetch image sif standalone cuda run launch batch modulefile kernelspec pack cluster cluster-stop check test test-long test-gpu test-upstream test-packages bench storm sbom context release push lock verify docs clean distclean

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

standalone: ## build build/hpcpy-python, the interpreter as one file for a host without an engine
	@$(HPCPY) build standalone

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

batch: ## write the same as a script for sbatch; DRY=1 prints either (docs/how-to/sites.md)
	@$(HPCPY) batch

modulefile: ## write a module whose python and mpiexec are a SIF's: TO=FOLDER (docs/how-to/modules.md)
	@$(HPCPY) modulefile

kernelspec: ## write a Jupyter kernel that runs in an image (docs/how-to/jupyter.md)
	@$(HPCPY) kernelspec

pack: ## pack a conda environment or a venv into one file, in place: PREFIX=FOLDER (docs/how-to/pack.md)
	@$(HPCPY) pack

check: ## lint, types and host tests, for before each commit
	@$(TESTS) --check

test: ## the tests, inside the image and out; PEDANTIC=1 makes a skip a failure
	@$(TESTS) $(foreach name,$(call given,IMAGE ARCH),$(if $(filter IMAGE,$(name)),--image,--arch) $(call Q,$(value $(name))))

test-long: ## those that take long: sweeps over all cases, storms of jobs, other images
	@$(TESTS) --long

test-gpu: ## every GPU row, its answer checked, in hpcpy-cuda on a GPU; ON=here or ON=PYTHON: without a container
	@$(TESTS) --gpu $(if $(call given,ON),--on $(call Q,$(value ON)))

test-upstream: ## the packages' own tests in both images, for hours; SUITE="h5py numba-all"
	@$(TESTS) --python dev -m pytest -vs $(call CASES,SUITE,tests/upstream/test_suites.py::test_suite)

test-packages: ## packages that scientists use, each in a venv on the image; PACKAGES="scipy torch"
	@$(TESTS) --python dev -m pytest -vs $(call CASES,PACKAGES,tests/packages/test_programs.py::test_package)

bench: ## measure the starts that README shows, as root; the others: python3 benchmarks/NAME.py --help
	@$(BENCHMARK)/startup.py
	@$(BENCHMARK)/cold.py

storm: ## start ranks on a shared file system of this machine (docs/explanation/import-storms.md)
	@$(BENCHMARK)/storm.py

sbom: ## what is in the image as an SBOM, build/hpcpy.spdx.json; IMAGE=hpcpy-cuda for that one's
	@$(HPCPY) sbom

context: ## write build/context, to build the images with podman or Docker elsewhere
	@$(HPCPY) context

release: ## an image, SBOM, provenance, hashes and notes in one folder; KEY=FILE signs it
	@$(HPCPY) release

push: ## send an image to a registry: make push REF=registry.example.org/me/hpcpy:1; REF=oras://… the SIF
	@$(HPCPY) push

lock: ## resolve all pins again and list the changes; NAME=numpy: that Python package, with what it needs
	@$(HPCPY) lock

verify: ## build twice and compare; IMAGE=FILE: compare FILE with this checkout's build
	@$(HPCPY) verify

docs: ## build README and docs as pages: build/docs/index.html, to read without a network
	@$(TESTS) --python docs -m sphinx --fail-on-warning --keep-going --quiet --fresh-env --write-all --conf-dir=docs . build/docs && cp build/docs/README.html build/docs/index.html

clean: ## remove the images; tools and cache stay. CACHE=1: empty the cache instead
	@$(HPCPY) clean

distclean: ## stop the local cluster and remove all of build/, the tools too; the cache stays
	@$(HPCPY) clean --all
