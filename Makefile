# The whole interface: demo, install, test, prove, lint, bench, mutants, words. Each makes .venv when it is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# What lints the local Discord's page comes from npm, pinned beside the page's tests.
PAGE := tests/bot/sandbox/page
PAGE_TOOLS := $(PAGE)/node_modules/.package-lock.json
# The node of the dev extras, or else the machine's.
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
# Bytecode is kept even where the environment says otherwise: tests start this program many times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo install test prove lint bench mutants words clean

demo: $(STAMP)
	@$(BIN)/python -m bot sandbox

install: $(STAMP)
	@echo "Installed: $(BIN)/python -m bot doctor says what is still missing."

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto $(ARGS)

# Kills, faults at every moment and long stories: what takes too long for every change.
prove: $(STAMP)
	@$(BIN)/python -m pytest -n auto -m exhaustive $(ARGS)

# The Python first: it needs nothing from npm.
lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(MAKE) --no-print-directory $(PAGE_TOOLS)
	@$(WITH_NODE) $(PAGE)/node_modules/.bin/tsc -p $(PAGE)
	@$(WITH_NODE) $(PAGE)/node_modules/.bin/eslint --config $(PAGE)/eslint.config.js bot/sandbox/page $(PAGE)

bench: $(STAMP)
	@$(BIN)/python -m tests.bench --json bench.json $(ARGS)

# Brings the catalogues of what the bot says up to date with the code; what is new is empty there.
WORDS := bot/words
words: $(STAMP)
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F $(WORDS)/babel.cfg --no-location --sort-output -o build/bot.pot .
	@$(BIN)/pybabel -q update -i build/bot.pot -D bot -d $(WORDS)/locales --no-wrap \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@$(BIN)/python -m pytest -q tests/bot/words/test_catalogues.py

mutants: $(STAMP)
	@$(BIN)/python -m tests.mutants $(ARGS)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": name another with make PYTHON=...") if sys.version_info < (3, 11) else None'
	@echo "Making the virtual environment in $(VENV) (once; some minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $(STAMP)

$(PAGE_TOOLS): $(PAGE)/package-lock.json | $(STAMP)
	@$(WITH_NODE) npm ci --prefix $(PAGE) --loglevel=error && touch $@ || { \
		echo "The page's linters could not be fetched from npm's registry. Behind a mirror, name it"; \
		echo "(npm config set registry URL) and run make lint again; the Python is checked."; \
		exit 1; }

clean:
	rm -rf $(VENV) $(PAGE)/node_modules build *.egg-info .pytest_cache .ruff_cache
