# Two commands are enough: `make app` and `make test`. Each sets up what it needs in .venv, once, and again only when
# the requirements change. README.md says the same by hand, without make.

PYTHON ?= $(shell for python in python3.11 python3.12 python3 python; do \
	$$python -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# The package index serves torch for Linux with gigabytes of CUDA. A machine without an NVIDIA card takes the same release
# from PyTorch's own index of CPU builds; where that cannot be reached, the package index decides. CPU= switches it off.
CPU := $(if $(filter Linux,$(shell uname -s)),$(if $(shell command -v nvidia-smi 2>/dev/null),,yes))
CPU_INDEX := https://download.pytorch.org/whl/cpu
TORCH := $(shell grep '^torch==' requirements.txt)
# What a CUDA build of torch brings along, on such machines only.
CUDA := triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc \
	nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
	nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx
RUNTIME := $(VENV)/requirements.installed
DEV := $(VENV)/requirements-dev.installed

.DEFAULT_GOAL := help
.PHONY: help app setup test check docs format smoke lock wheel wheelhouse

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1	/' | expand -t 10

app: $(RUNTIME)  ## open SuPreME Studio in the browser, at http://127.0.0.1:8501
	$(BIN)/streamlit run app.py

setup: $(RUNTIME)  ## only set up .venv

test: $(DEV)  ## run all tests; those on real recordings need SUPREM_TEST_DATA, those in a browser Chromium
	$(BIN)/python -m pytest -m "not network and not gpu and not integration"

check: $(DEV)  ## format, lint, types and the fast tests; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

docs: $(DEV)  ## write what is generated in docs and README.md
	$(BIN)/python -m docs.generate

format: $(DEV)  ## put the source into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

smoke: $(RUNTIME)  ## score the real example ECG on the command line
	$(BIN)/python -m pipelines.score --query "sinus rhythm" "atrial fibrillation" "myocardial infarction" --ecg \
		"$$($(BIN)/python -c 'from pydicom.data import get_testdata_file as f; print(f("waveform_ecg.dcm", download=False))')"

$(BIN)/pip:
	@"$(PYTHON)" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
		echo "SuPreME Studio needs Python 3.11 or newer; found $$("$(PYTHON)" --version 2>/dev/null || echo none)." >&2; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

lock:  ## write requirements.lock anew: all that the program and its login and PostgreSQL need, with hashes, but torch
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
		$(foreach package,torch $(CUDA),--no-emit-package $(package)) \
		--custom-compile-command "make lock" --extra postgresql --extra login pyproject.toml --output-file requirements.lock

wheel: $(DEV)  ## build the wheel into dist/
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

wheelhouse: $(DEV)  ## fetch all that an installation without a network needs into wheelhouse/
	$(PIP) download --no-deps --only-binary :all: --require-hashes --requirement requirements.lock --dest wheelhouse
ifneq ($(CPU),)
	$(PIP) download --no-deps --retries 0 --timeout 15 --index-url $(CPU_INDEX) --dest wheelhouse "$(TORCH)" || \
		$(PIP) download --only-binary :all: --dest wheelhouse "$(TORCH)"
else
	$(PIP) download --only-binary :all: --dest wheelhouse "$(TORCH)"
endif
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir wheelhouse .
	@echo "There: python -m venv suprem && suprem/bin/pip install --no-index --find-links wheelhouse 'suprem-studio[postgresql,login]'"

$(RUNTIME): requirements.txt | $(BIN)/pip
	@echo "Installing into $(VENV); this takes some minutes, once."
ifneq ($(CPU),)
	$(PIP) install --no-deps --retries 0 --timeout 15 --index-url $(CPU_INDEX) "$(TORCH)" || \
		echo "No CPU build of torch could be fetched; the package index decides which build you get."
endif
	$(PIP) install --requirement requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	$(PIP) install --requirement requirements-dev.txt
	@touch $@
