# slipway.fargate: what a person types. `make` alone lists it.
SYSTEM ?= safebucket/dev
LOCAL_AWS_PORT ?= 5566
PYTHON ?= $(firstword $(foreach version,3 3.13 3.12 3.11,$(shell python$(version) -c 'import sys; sys.version_info >= (3, 11) and print("python$(version)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# The local AWS takes any credentials; a person's own must not reach it, nor the demo a real account.
LOCAL := AWS_ENDPOINT_URL=http://127.0.0.1:$(LOCAL_AWS_PORT) AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=any-secret-will-do
CLEAN := env -u AWS_PROFILE -u AWS_SESSION_TOKEN -u AWS_REGION -u AWS_DEFAULT_REGION
PLAYBOOK = $(BIN)/ansible-playbook -i inventories/$(SYSTEM).yml playbooks

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-down local-aws local-aws-down test lint docs bench lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## make the virtual environment from the pinned dependencies

$(VENV)/.installed: requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "slipway.fargate needs Python 3.11 or later on PATH" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) (a minute or two, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-script-location -r requirements-dev.txt 2>$(VENV)/pip.log \
	  || { cat $(VENV)/pip.log >&2; exit 1; }
	@touch $@

local-aws: setup ## start the local AWS on 127.0.0.1, port LOCAL_AWS_PORT (5566)
	@$(BIN)/python tools/local_aws.py start --port $(LOCAL_AWS_PORT)

local-aws-down: ## stop it; all it holds is gone
	@test ! -x $(BIN)/python || $(BIN)/python tools/local_aws.py stop --port $(LOCAL_AWS_PORT)

demo: local-aws ## converge SYSTEM (safebucket/dev) on the local AWS and show what came out
	@$(CLEAN) $(LOCAL) $(PLAYBOOK)/site.yml
	@$(CLEAN) $(LOCAL) $(PLAYBOOK)/outputs.yml
	@printf '%s\n' '' 'Three things to try next, after' \
	  '  export $(LOCAL)' \
	  '' \
	  '1. make demo' \
	  '   Again: nothing changes.' \
	  '2. $(PLAYBOOK)/site.yml --check --diff -e ecs_service_redeployment_trigger=2 -e ecs_service_log_retention_days=14' \
	  '   A preview, with every attribute that would change; the same without --check does it.' \
	  '3. $(PLAYBOOK)/destroy.yml' \
	  '   Says what would go, and how to confirm it.' \
	  '' 'make demo-down ends it.'

demo-down: local-aws-down ## stop what the demo started

test: setup ## every test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: setup ## what the tests also check: style and documentation
	@$(BIN)/python -m pytest tests/quality

docs: setup ## generate the roles' defaults and README tables from their argument_specs
	@$(BIN)/python tools/docs.py

bench: setup ## measure against ansible.builtin.local and against terraform; BENCH="--quick --only a,b", PEER=folder
	@$(CLEAN) PEER="$(PEER)" $(BIN)/python tools/bench.py $(BENCH)

lock: ## compile the pinned requirements (needs uv)
	@for name in requirements requirements-dev; do \
	  { echo "# Compiled from $$name.in by \`make lock\`. Do not edit."; \
	    uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate $$name.in; } > $$name.txt; done

clean: local-aws-down ## remove what the commands made
	@rm -rf $(VENV) .local-aws .cache
