# The two commands: `make demo` to try the bot, `make test` for every check. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-postgres test-long format bench bench-peers bench-growth chaos messages docs schemas locks clean

$(VENV)/.ready: pyproject.toml requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

demo: $(VENV)/.ready  ## a homeserver, accounts, rooms, the bot, and a chat in the terminal
	@$(BIN)/gaamac-bot demo

# Tests wait for other processes much of the time, so several run at once. Each file stays in one piece.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(VENV)/.ready  ## every check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

# Not again what never opens a database, or asks it for little: files of glossaries and calendars, rules of dates, pages,
# keys. Of the tests with a homeserver those in which the database decides: kills, bursts, and a client of Element.
TESTS ?= tests/storage tests/commands \
	$(addprefix tests/bot/test_,$(addsuffix .py,announcing clock content database_server faults inbox lanes old_rows \
	outbox problems queue_tasks retention unreadable)) \
	$(addprefix tests/homeserver/test_,$(addsuffix .py,element promises)) \
	--ignore-glob=*_csv.py --ignore-glob=*_tbx.py --ignore-glob=*_ics*.py --ignore-glob=*_compared.py \
	--ignore=tests/commands/test_dates.py --ignore=tests/commands/test_rendering.py \
	--ignore=tests/commands/test_arguments.py
test-postgres: $(VENV)/.ready  ## the tests once more on PostgreSQL, as far as a database is in them; TESTS=tests for all
	GAAMAC_TEST_DATABASE=postgresql $(PYTEST) $(TESTS)

LONG ?= $(shell grep -rl --include='test_*.py' 'import extent' tests)
test-long: $(VENV)/.ready  ## what has a short form in `make test`, in full: kills, bursts, outages, more examples
	GAAMAC_TEST_LONG=1 $(PYTEST) --timeout 1800 $(LONG)

format: $(VENV)/.ready  ## write the source as `make test` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready  ## time from command to answer, bursts, look-ups, beside a bare client
	$(BIN)/python -m benchmarks

MINUTES ?= 10
SEED ?= 1
chaos: $(VENV)/.ready  ## everything around the bot breaks, and its promises are checked: MINUTES=10 SEED=1
	$(BIN)/python -m tests.chaos --minutes $(MINUTES) --seed $(SEED)

bench-peers: $(VENV)/.ready  ## the same beside other bots, which are installed into .peers/ at the first time
	$(BIN)/python -m benchmarks.peers

bench-growth: $(VENV)/.ready  ## thousands of rooms, a long history, large glossaries: what grows with them
	$(BIN)/python -m benchmarks --only growth

messages: $(VENV)/.ready  ## bring the translation catalogues up to date with the source
	$(BIN)/python -m bot.messages

docs: $(VENV)/.ready  ## write the pages of commands, settings, metrics and tables from their declarations
	$(BIN)/python -m bot.documentation

schemas: $(VENV)/.ready  ## keep the schema that a new migration makes, so that upgrades from it are tested for ever
	$(BIN)/python -m tests.storage.released

locks: $(VENV)/.ready  ## pin the newest allowed versions, with hashes and without any address
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --extra postgres --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --extra dev --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) .peers build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
