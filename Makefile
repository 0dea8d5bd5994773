# An index: what there is to do, each a line for `python3 -m hpcpy`.
# Settings come as variables: make run W="mandel --area area1"

PYTHON ?= python3
HPCPY = PYTHONPATH='$(CURDIR)/src' $(PYTHON) -m hpcpy

# Through the environment, so that W may have quotes of its own.
LAUNCH = W NODES TASKS CPUS GPUS DASK ENGINE SITE DRY STAGE IMAGE MPI TIME PARTITION QOS ACCOUNT SCRIPT
SETTINGS = $(foreach name,$(LAUNCH),$(name)="$$$(name)")
export $(LAUNCH)

.DEFAULT_GOAL := help
.PHONY: help setup fetch image sif cuda run launch batch cluster cluster-stop check test test-cuda test-gpu test-upstream test-packages bench-startup bench-overhead size sbom context push lock verify clean clean-cache distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## get what is missing of Apptainer, buildah … and say what this machine can do
	@$(HPCPY) setup $(GROUPS)

fetch: ## download and verify all that is pinned
	@$(HPCPY) fetch

image: ## build build/hpcpy.oci.tar, for podman, Docker, Shifter and podman-hpc
	@$(HPCPY) build oci hpcpy

sif: ## build build/hpcpy.sif, for Apptainer
	@$(HPCPY) build sif hpcpy

cuda: ## build build/hpcpy-cuda.oci.tar and .sif: hpcpy with numba-cuda and CUDA 12
	@$(HPCPY) build sif hpcpy-cuda

run: ## run a workload in the image: make run W="mandel --area area1"
	@$(HPCPY) run $(W)

cluster: ## start a Slurm of two nodes on this machine, and say how to use it
	@$(HPCPY) cluster

cluster-stop: ## end it and its jobs, and leave nothing of it
	@$(HPCPY) cluster --stop

launch: ## run a workload over nodes by srun: make launch W="pi --impl mpi" NODES=2 TASKS=8
	@$(HPCPY) launch $(SETTINGS)

batch: ## write the same as a script for sbatch; DRY=1 prints either (docs/sites.md)
	@$(HPCPY) batch $(SETTINGS)

check: ## lint, types and host tests, for before each commit
	@$(HPCPY) check

test: ## all tests, inside the image and out; PEDANTIC=1 makes a skip a failure
	@$(HPCPY) test

test-cuda: ## tests of hpcpy-cuda that need no GPU
	@$(HPCPY) test-cuda

test-gpu: ## every GPU row, its answer checked, in hpcpy-cuda on a GPU; ON=here: without a container
	@$(HPCPY) test-gpu $(if $(filter here,$(ON)),--here)

test-upstream: ## the packages' own tests in both images, for hours; SUITE="h5py numba-all"
	@$(HPCPY) test-upstream $(SUITE)

test-packages: ## packages that scientists use, each in a venv on the image; PACKAGES="scipy torch"
	@$(HPCPY) test-packages $(PACKAGES)

bench-startup: ## measure starts of Python, image against image: N=20 samples of each
	@$(HPCPY) bench startup --samples "$(or $(N),20)"

bench-overhead: ## measure messages between ranks inside a container against outside: N=40 launches
	@$(HPCPY) bench overhead --launches "$(or $(N),40)"

size: ## what the image is made of
	@$(HPCPY) size hpcpy

sbom: ## the bill of materials, build/hpcpy.spdx.json; IMAGE=hpcpy-cuda for that one's
	@$(HPCPY) sbom $(IMAGE)

context: ## write build/context, to build the images with podman or Docker elsewhere
	@$(HPCPY) context

push: ## send the image to a registry: make push REF=registry.example.org/me/hpcpy:1
	@$(HPCPY) push "$(REF)"

lock: ## resolve all pins anew and say what moved
	@$(HPCPY) lock

verify: ## build all again from an empty cache in another folder, and compare bytes
	@$(HPCPY) verify

clean: ## remove the images; tools and cache stay
	@rm -rf build/*.sif build/*.tar build/*.json build/*.png build/context build/gpu build/logs build/startup

clean-cache: ## shrink the cache to KEEP GiB (default 0), oldest first
	@$(HPCPY) clean-cache "$(or $(KEEP),0)"

distclean: cluster-stop ## remove all of build/, the tools too; the cache stays
	@rm -rf build
