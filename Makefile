# `make search` and `make test` set everything up by themselves.
PYTHON ?= python3
VENV ?= .venv
# URL of the package index to install torch from; on Linux the default package of torch
# brings several gigabytes of CUDA, and the install page of PyTorch names an index without.
TORCH_INDEX ?=
# Those that are installed, oldest first; `make check-release` installs the wheel in each.
RELEASE_PYTHONS ?= 3.11

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help search test lint format docs bench-search check-release install clean

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

search: $(VENV)/.installed  ## a complete search in ten minutes: examples/quickstart.yaml
	$(BIN)/paretosr search examples/quickstart.yaml

test: $(VENV)/.installed-test  ## all tests
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

lint: $(VENV)/.installed-dev  ## style, types and the layers of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev  ## what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Strict: a broken link or an unknown name is an error. Afterwards open site/index.html.
docs: $(VENV)/.installed-docs  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench-search: $(VENV)/.installed-test  ## methods of search, compared on the tabular benchmark
	$(BIN)/python benchmarks/search_methods.py

check-release: $(VENV)/.installed-release  ## the wheel in fresh environments; minutes, gigabytes
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python tools/check_release.py \
		--pythons $(RELEASE_PYTHONS) --torch-index "$(TORCH_INDEX)"

install: $(VENV)/.installed  ## the command paretosr, in .venv/bin

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.torch: constraints.txt | $(BIN)/python
	$(PIP) install --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	@touch $@

$(VENV)/.installed: EXTRAS :=
$(VENV)/.installed-test: EXTRAS := [test]
$(VENV)/.installed-dev: EXTRAS := [dev]
$(VENV)/.installed-docs: EXTRAS := [docs]
$(VENV)/.installed-release: EXTRAS := [release]
$(VENV)/.installed $(VENV)/.installed-test $(VENV)/.installed-dev $(VENV)/.installed-docs \
		$(VENV)/.installed-release: pyproject.toml constraints.txt $(VENV)/.torch
	$(PIP) install --constraint constraints.txt --editable ".$(EXTRAS)"
	@touch $@

clean:  ## remove .venv
	rm -rf $(VENV)
