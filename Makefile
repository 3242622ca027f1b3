# Everything starts here: `make` lists what there is.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
comma := ,
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

# One stamp per extra: installed again only when pyproject.toml changes.
$(VENV)/installed-%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing ($*) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[$*]'
	@touch $@

.PHONY: demo
demo: $(VENV)/installed-demo ## The main job once, then the site (ONCE=1: only the job)
	@DJANGO_SETTINGS_MODULE=example_site.settings.demo PYTHONUNBUFFERED=1 \
		$(BIN)/python example_site/manage.py demo $(if $(filter 1,$(ONCE)),--once)

# The suite needs the drivers of what it is pointed at.
EXTRAS := test$(if $(DATABASE_URL),$(comma)postgres)$(if $(REDIS_URL),$(comma)redis)

.PHONY: test
test: $(VENV)/installed-$(EXTRAS) ## The whole suite (DATABASE_URL, REDIS_URL: on those)
	@$(BIN)/python -m pytest -n $(or $(JOBS),2) $(ARGS)

.PHONY: lint format types layers migrations
lint: $(VENV)/installed-lint ## Style and mistakes
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/installed-lint ## Bring the code in shape
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: $(VENV)/installed-test $(VENV)/installed-lint ## Types
	@$(BIN)/mypy

layers: $(VENV)/installed-lint ## The architecture contract of setup.cfg
	@$(BIN)/lint-imports --config setup.cfg

migrations: $(VENV)/installed-test ## Models and migrations agree
	@DJANGO_SETTINGS_MODULE=example_site.settings.test \
		$(BIN)/python example_site/manage.py makemigrations --check --dry-run

.PHONY: bench-import bench-mail bench-pages
bench-import: $(VENV)/installed-$(EXTRAS) ## How fast and how large an import is (N=10000)
	@$(BIN)/python -m benchmarks import $(or $(N),10000)

bench-mail: $(VENV)/installed-$(EXTRAS) ## How fast and how large a dispatch is (N="1000 10000", DISTANCE=1)
	@$(BIN)/python -m benchmarks mail $(or $(N),10000) $(if $(filter 1,$(DISTANCE)),--distance)

bench-pages: $(VENV)/installed-$(EXTRAS) $(VENV)/installed-bench ## How fast public pages are (needs wrk; SECONDS=10)
	@$(BIN)/python -m benchmarks pages --seconds $(or $(SECONDS),10)

.PHONY: chaos
chaos: $(VENV)/installed-$(EXTRAS) ## Workers killed at random: nothing lost, nothing twice (LONG=1: for hours)
	@$(BIN)/python -m benchmarks chaos $(if $(filter 1,$(LONG)),--seeds 20 --recipients 1000 --kills 60 --stops 3)

.PHONY: screenshots
screenshots: $(VENV)/installed-test ## The pictures of the README and the docs, made anew
	@$(BIN)/python -m pytest tests/browser
	@cp var/screenshots/confirm.png var/screenshots/mail.png docs/images/
	@for name in bins-found bin library tip founding contact; do \
		cp var/screenshots/public-$$name-1280.png docs/images/; done

.PHONY: messages
messages: ## Collect texts for translation, and compile (needs gettext)
	@cd wagtail_bin && ../$(BIN)/python -m django makemessages -l nl -l fr -l de -l en \
		--no-obsolete --add-location=file --no-wrap && \
		sed -i '/^"POT-Creation-Date/d' locale/*/LC_MESSAGES/django.po && \
		../$(BIN)/python -m django compilemessages

LEAFLET := 1.9.4
.PHONY: vendor
vendor: ## The map's Leaflet from the npm registry (needs npm)
	@set -e; at=$$(mktemp -d); to=wagtail_bin/static/wagtail_bin/leaflet; \
		(cd $$at && npm pack --silent leaflet@$(LEAFLET) >/dev/null && tar xzf *.tgz); \
		mkdir -p $$to/images; \
		cp $$at/package/LICENSE $$at/package/dist/leaflet.js $$at/package/dist/leaflet.css $$to/; \
		cp $$at/package/dist/images/*.png $$to/images/; \
		sed -i '/sourceMappingURL/d' $$to/leaflet.js; rm -r $$at

.PHONY: docs
docs: $(VENV)/installed-docs ## The documentation as HTML, in var/docs
	@$(BIN)/python -m sphinx -W -q docs var/docs

.PHONY: clean
clean: ## Remove what the targets made
	@rm -rf $(VENV) var build dist *.egg-info
