# Reelhouse: what a person types. Each target makes the environment it needs.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test lint schema pictures lock bench clean

demo: .venv/installed  ## Render the example film
	$(BIN)/reelhouse render examples/fox-and-kite/storyboard.yaml

test: .venv/installed-dev lint  ## Run the whole suite
	$(BIN)/pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/installed-dev  ## Run the benchmarks; each prints a table and one JSON line
	for file in tests/bench/*.py; do $(BIN)/python $$file || exit 1; done
	$(BIN)/pytest -m slow

schema: .venv/installed  ## Write docs/*.schema.json anew
	$(BIN)/reelhouse schema > docs/storyboard.schema.json
	$(BIN)/reelhouse schema --campaign > docs/campaign.schema.json

pictures: .venv/installed  ## Draw the README's pictures anew
	$(BIN)/python infra/pictures.py

lock: .venv/installed-dev  ## Write constraints.txt anew from the environment that passed the suite
	$(BIN)/python infra/lock.py > constraints.txt.new && mv constraints.txt.new constraints.txt

.venv/installed: constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[services]'
	$(BIN)/reelhouse doctor
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[services,dev]'
	touch $@

clean:
	rm -rf .venv .reelhouse
