# The developer's commands. They need python3-venv (Python 3.11 or newer), make and git; tools/prerequisites says what
# is missing. Dependencies are the locked ones, checked by their hashes; nothing else is fetched.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve test test-all check check-form check-types check-house fix bench fuzz pictures lock clean

VENV := .venv
BIN := $(VENV)/bin
# Whoever has it set pays for it at each start of a process: every module compiled, every test's asserts written again.
export PYTHONDONTWRITEBYTECODE =
INSTALL := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
LOCKED := $(INSTALL) --require-hashes --only-binary :all: --requirement
# The package itself is built with the locked backend; --no-index sees to it that nothing is fetched for it.
PACKAGE := $(INSTALL) --no-deps --no-index --no-build-isolation --editable .
UV ?= uv
COMPILE := $(UV) pip compile --quiet --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-15s %s\n", $$1, $$2}'

install: $(VENV)/run.stamp ## the locked dependencies and retour itself, in .venv
	@echo "retour is installed: $(BIN)/retour --help"

demo: $(VENV)/run.stamp ## the main job, shown with real parts on this machine
	@$(BIN)/retour demo

serve: $(VENV)/run.stamp ## the service, with data in retour-data
	@$(BIN)/retour serve

test: $(VENV)/dev.stamp ## the tests, without slow ones and real peers
	@RETOUR_GROUP=test $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 -m "not slow and not peer"

test-all: $(VENV)/dev.stamp ## the slow tests and the real peers; RETOUR_REQUIRE="chromium ..." names those that must be there
	@RETOUR_GROUP=test-all $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "slow or peer"

check: $(VENV)/dev.stamp ## format, lint, types, import contract, tests of the house and of the papers
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync check-form check-types check-house

check-form:
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo >$(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }

check-types:
	@$(BIN)/mypy --no-error-summary

check-house:
	@RETOUR_GROUP=check $(BIN)/python -m pytest -m "not slow and not peer" tests/house tests/docs

fix: $(VENV)/dev.stamp ## put format and simple lint findings right
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp ## what work costs on this machine; BENCH="--help" for the choices
	@PYTHONPATH=tests $(BIN)/python -m bench $(BENCH)

fuzz: $(VENV)/dev.stamp ## 100,000 spoilt things from outside; FUZZ="--seed 7" makes a run again
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(FUZZ)

pictures: $(VENV)/dev.stamp ## the pictures of README and docs; ALL=folder takes every page; needs chromium-headless-shell
	@PYTHONPATH=tests $(BIN)/python -m browser.pictures $(ALL)

lock: ## resolve the dependencies again and write the lock files; needs uv
	@command -v $(UV) >/dev/null || { echo "uv is missing: pip install uv" >&2; exit 1; }
	@$(COMPILE) --group build --output-file requirements.txt pyproject.toml
	@$(COMPILE) --group build --group dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean: ## remove .venv
	@rm -rf $(VENV)

$(BIN)/python:
	@python=$$(tools/prerequisites) || exit 1; "$$python" -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt pyproject.toml CHANGELOG.md | $(BIN)/python
	@$(LOCKED) requirements.txt
	@$(PACKAGE)
	@touch $@

# Not compiled: of the thousands of modules of providers' SDKs a test imports a few.
$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@$(LOCKED) requirements-dev.txt --no-compile
	@touch $@
