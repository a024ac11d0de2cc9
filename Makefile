# Reelhouse: what a person types. Each target makes the environment it needs.
PYTHON ?= python3.11
BIN := .venv/bin
BROWSERS := chromium chromium-browser google-chrome  # as in tests/services/test_prefect_page.py

.PHONY: demo test lint browser schema pictures lock bench clean

demo: .venv/installed  ## Render the example film
	$(BIN)/reelhouse render examples/fox-and-kite/storyboard.yaml

test: .venv/installed-dev lint $(if $(CI),browser)  ## Run the whole suite
	$(BIN)/pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

browser:  ## Install Chromium from Debian for the tests of Prefect's page, unless there is one
	@for name in $(BROWSERS); do command -v $$name && exit; done; \
	as_root=$$(test "$$(id -u)" = 0 || echo sudo --non-interactive); \
	install="$$as_root apt-get install --yes --no-install-recommends chromium"; \
	$$install || { $$as_root apt-get update && $$install; } \
	|| echo "No Chromium could be installed: tests/services/test_prefect_page.py is skipped (in CI it fails)"

bench: .venv/installed-dev  ## Run the benchmarks; each prints a table and one JSON line
	for file in tests/bench/*.py; do $(BIN)/python $$file || exit 1; done
	$(BIN)/pytest -m slow

schema: .venv/installed  ## Write docs/*.schema.json anew
	$(BIN)/reelhouse schema > docs/storyboard.schema.json
	$(BIN)/reelhouse schema --campaign > docs/campaign.schema.json

pictures: .venv/installed-dev browser  ## Draw the pictures of README and docs anew
	$(BIN)/python infra/pictures.py
	$(BIN)/python -m infra.page_pictures

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
