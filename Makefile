# Packshot. `make help` lists what can be made.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= .packshot
PORT ?= 8080
T ?= tests
# One more than the cores of a small machine: tests wait, for services that start and for clocks that run out.
WORKERS ?= 3

# Packshot is many processes, and tests start and kill them again and again: each would compile its code anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run up test bench check format contracts openapi constraints test-containers clean

help: ## List what can be made
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Use it
setup: $(READY) ## Install everything into .venv; nothing else

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Packshot needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

run: $(READY) ## Set up, start everything, play the sample catalogue through it, and say where to look
	$(BIN)/packshot up --sample --data $(DATA) --port $(PORT)

up: $(READY) ## Start everything, without the sample
	$(BIN)/packshot up --data $(DATA) --port $(PORT)

## Work on it
test: $(READY) ## Run the tests; T=tests/qc for a part, WORKERS=1 for one process
	$(BIN)/python -m pytest -n $(WORKERS) $(T)

bench: $(READY) ## Measure, and compare with the bars; B=claims for one. Alone on the machine, please
	$(BIN)/python -m bench $(B)

check: $(READY) ## Lint, types, imports, and generated files up to date and compatible
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m contracts.generate --check
	$(BIN)/python -m contracts.compatibility
	$(BIN)/python -m packshot.openapi --check

format: $(READY) ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contracts: $(READY) ## Write the JSON Schemas and the AsyncAPI document anew
	$(BIN)/python -m contracts.generate

openapi: $(READY) ## Write each service's openapi.json anew
	$(BIN)/python -m packshot.openapi

constraints: $(READY) ## Pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt

## Containers
test-containers: $(READY) ## Boot the compose topology in containers and play the sample catalogue through it
	$(BIN)/python -m pytest -m containers -rsP tests/containers

clean: ## Remove what was installed and generated; not the data
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info
