# The two commands are `make demo` and `make test`; `make help` lists the rest.
# Everything lands in .venv, var/, assets/ and locales/ of this folder; all of it is ignored by git.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMPS := $(VENV)/stamps

ASSET_SOURCES := $(shell find assets -type f -not -path '*/node_modules/*' -not -path 'assets/dist/*' 2>/dev/null)
CATALOGUES := $(shell find locales -name '*.po' 2>/dev/null)

# uv is 10 times faster than pip at the same locked, hashed set; a machine where uv can't work still gets it by pip.
define install
	@if [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(PY) --require-hashes -r $(1); then :; \
	else echo "uv did not work here; taking pip"; $(PY) -m pip install --quiet --require-hashes -r $(1); fi
endef

.PHONY: help demo demo-reset test bench-kits lint format assets catalogues messages docs screenshots lock wheel install install-dev clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 22

demo: install ## start the demo: portal, tracking, workers, mail inbox; Ctrl-C stops all of it
	@exec $(BIN)/tmpa demo

demo-reset: install ## delete the demo's data and start it afresh
	@$(BIN)/tmpa demo-reset
	@exec $(BIN)/tmpa demo

test: install-dev ## install what the tests need and run every check, with one summary at the end
	@$(PY) tests/run_all.py

lint: install-dev ## the quick checks: ruff, mypy, imports
	@$(PY) tests/run_all.py --only lint

format: install-dev ## let ruff fix and format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

assets: assets/dist/.built ## build the front-end (npm from the machine, or from a wheel)

catalogues: $(STAMPS)/catalogues ## compile the portal's translations

messages: install-dev ## bring the .po files up to date with the texts in the code
	@$(PY) -m tests.check_catalogues --update

bench-kits: install-dev ## measure kits: compiling, launching for 1,000 partners, previews, checks
	@$(PY) -W ignore -m tests.bench.kits

docs: install ## write what is made from the code into docs/: settings, the kit format's keys and schema
	@$(PY) -m workers.settings_table docs/operators.md
	@$(PY) -m tmpa.kits.key_tables docs/kit-format.md
	@$(BIN)/tmpa kit schema --out docs/kit.schema.json

screenshots: install-dev ## take the pictures of the README and the guides anew (docs/images)
	@$(PY) docs/screenshots.py

lock: $(STAMPS)/venv ## resolve the lock files under requirements/ anew
	@$(BIN)/uv pip compile pyproject.toml $(LOCK) -o requirements/runtime.txt
	@$(BIN)/uv pip compile pyproject.toml --group dev $(LOCK) -o requirements/dev.txt
	@$(BIN)/uv pip compile --group pyproject.toml:node $(LOCK) -o requirements/node.txt
	@! grep -n '://' requirements/*.txt || { echo "A lock file names a host; see above."; exit 1; }

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

wheel: install-dev ## build dist/tmpa-….whl with front-end and translations inside
	@rm -rf dist && $(PY) -m build --wheel --no-isolation --outdir dist . >/dev/null && ls dist/*.whl

clean: ## remove what make built (not the data under var/)
	rm -rf $(VENV) assets/dist assets/node_modules dist build .mypy_cache .ruff_cache .import_linter_cache
	find locales -name '*.mo' -delete

install: $(STAMPS)/runtime assets/dist/.built $(STAMPS)/catalogues $(STAMPS)/package

install-dev: install $(STAMPS)/dev

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "tmpa needs Python 3.11 or newer; say which one: make demo PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python has no venv; on Debian: apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1' || echo "uv can't be had; pip will do"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements/runtime.txt $(STAMPS)/venv
	@echo "Installing the locked packages"
	$(call install,requirements/runtime.txt)
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/runtime
	@echo "Installing the locked test tools"
	$(call install,requirements/dev.txt)
	@touch $@

# The front-end and catalogues come first: the package's build looks for both.
$(STAMPS)/package: pyproject.toml $(STAMPS)/runtime | assets/dist/.built
	@if [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --python $(PY) --no-deps -e .; then :; \
	else $(PY) -m pip install --quiet --disable-pip-version-check --no-deps -e .; fi
	@touch $@

$(STAMPS)/catalogues: $(CATALOGUES) $(STAMPS)/runtime
	@if [ -n "$(CATALOGUES)" ]; then $(BIN)/pybabel --quiet compile -d locales -D messages; fi
	@touch $@

assets/dist/.built: $(ASSET_SOURCES) | $(STAMPS)/venv
	@echo "Building the front-end"
	@if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' >/dev/null 2>&1 && ! [ -x $(BIN)/npm ]; then \
	  echo "No npm on this machine: taking Node.js from its wheel"; \
	  $(BIN)/uv pip install --quiet --python $(PY) --require-hashes -r requirements/node.txt \
	  || $(PY) -m pip install --quiet --require-hashes -r requirements/node.txt; fi
	@export PATH="$$PATH:$(CURDIR)/$(BIN)"; cd assets && npm ci --silent --no-audit --no-fund && npm run --silent build
	@mkdir -p assets/dist && touch $@
