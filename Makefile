# Everything starts here: `make` lists what there is.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
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

# ---- test, lint, types, layers -------------------------------------------------
