# Everything a developer runs; `make help` lists it. Needs git, make and Python 3.11 or newer: the rest is fetched here.
PORT ?= 8080
PYTHON ?= python3
VENV := .venv/bin
export PYTHONPATH := functions:.

# uv installs what uv.lock says. Its version is pinned, and it uses the Python above, never another.
UV_VERSION := 0.13.8
UV := .cache/uv-$(UV_VERSION)/bin/uv
export UV
export UV_PYTHON = $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help run demo demo-data test units long faults artifact bench cold-starts check check-full lint types contracts template build sbom \
  requirements site deploy destroy pictures lighthouse format lock browser clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .cache/run.stamp ## Start the whole system on this machine, at http://127.0.0.1:8080 (or PORT=9000).
	@exec $(VENV)/python -m local --port $(PORT)

demo: .cache/run.stamp ## Start it with about 1,500 made-up referrals of the last three months.
	@exec $(VENV)/python -m local --demo --port $(PORT)

demo-data: .cache/run.stamp ## Record the data of the demo anew, with the real functions. Takes minutes.
	$(VENV)/python -m local.demo

PYTEST := $(VENV)/pytest -n 2 --dist loadfile tests/unit tests/integration tests/infra tests/e2e

test: .cache/dev.stamp .cache/dynamodb.stamp .cache/web.stamp .cache/sam.stamp browser ## Run the tests: on both engines, with many faults, and in real browsers.
	$(PYTEST) -m "not long"
	$(VENV)/pytest -m "not long" tests/faults

long: .cache/dev.stamp .cache/dynamodb.stamp .cache/web.stamp .cache/sam.stamp browser ## Run the tests that `make test` leaves out, since they take their time.
	$(PYTEST) -m long

units: .cache/dev.stamp ## Run the tests that take seconds.
	$(VENV)/pytest tests/unit

artifact: build .cache/dev.stamp .cache/dynamodb.stamp .cache/ric.stamp ## Run what ships, as Lambda would, and compare it with what is deployed.
	$(VENV)/pytest tests/artifact

faults: .cache/dev.stamp .cache/dynamodb.stamp ## Let everything befall every AWS call, and check the promises.
	$(VENV)/pytest tests/faults --every-point

bench: .cache/dev.stamp .cache/dynamodb.stamp ## Measure what a look at the dashboard costs, and a referral's whole life.
	$(VENV)/python -m bench.overview_cost
	$(VENV)/python -m bench.listing_cost
	$(VENV)/python -m bench.cost

cold-starts: .cache/dev.stamp .cache/sam.stamp ## Measure cold starts of what is built, with and without bytecode.
	$(VENV)/python -m bench.cold_start

check: lint types contracts requirements template build test ## Run all that is run before a change lands.

# Of the fault walk, `test` takes one point in twenty.
check-full: check long faults artifact ## Run that, and what takes minutes of its own: all that CI runs.

lint: .cache/dev.stamp ## Check style.
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .

types: .cache/dev.stamp ## Check types.
	$(VENV)/mypy

contracts: .cache/dev.stamp ## Check which part may import which.
	$(VENV)/lint-imports --no-logo

SAM := tools/sam/sam
# The second half looks at what SAM's transform made of it.
TRANSFORMED := build/transformed.json

template: .cache/dev.stamp .cache/sam.stamp .cache/policy.stamp ## Check the AWS template, as it is and as CloudFormation meets it.
	$(VENV)/cfn-lint infra/template.yaml infra/waf.yaml
	$(SAM) validate --lint
	@mkdir -p build
	.cache/sam/bin/python tools/sam/transform.py infra/template.yaml > $(TRANSFORMED)
	$(VENV)/cfn-lint $(TRANSFORMED)
	.cache/policy/bin/python tools/policy/scan.py .cache/policy/bin/checkov $(TRANSFORMED)

build: .cache/run.stamp .cache/sam.stamp ## Build what is deployed into .aws-sam/build, with bytecode and without what no function reads.
	$(SAM) build
	$(VENV)/python -m tools.ship .aws-sam/build "$$(tools/sam/python)"

sbom: .cache/run.stamp ## Write down what ships, as CycloneDX and with licences, into build/sbom.
	@$(VENV)/python -m tools.supply.sbom build/sbom

EXPORT = $(UV) export --quiet --locked --no-default-groups --no-emit-project --no-header --format requirements.txt
LAYER := infra/layers/reports/requirements.txt

requirements: $(UV) ## Check that what functions and layers are built from is what uv.lock says.
	@$(EXPORT) --output-file .cache/requirements.txt
	@$(EXPORT) --only-group reports --output-file .cache/layer.txt
	@cmp .cache/requirements.txt functions/requirements.txt && cmp .cache/layer.txt $(LAYER) || \
	  { echo "Run: make lock"; exit 1; }

lock: $(UV) ## Bring uv.lock, and what functions and layers are built from, up to date with pyproject.toml.
	$(UV) lock
	$(EXPORT) --output-file functions/requirements.txt
	$(EXPORT) --only-group reports --output-file $(LAYER)

site: .cache/run.stamp ## Build the static site into build/site, for STACK=the CloudFormation stack's name.
	$(VENV)/python -m cli site --out build/site $(if $(STACK),--stack $(STACK))

deploy: build .cache/run.stamp ## Build, deploy to ENV=dev, staging or prod, and upload the site. YES=1 asks nothing, as CI does.
	$(VENV)/python -m cli deploy $(or $(ENV),$(error Say where to: make deploy ENV=dev)) $(if $(YES)$(CI),--yes)

destroy: .cache/run.stamp ## Delete the stack of ENV=dev, staging or prod. Tables and secrets stay.
	$(VENV)/python -m cli destroy $(or $(ENV),$(error Say which: make destroy ENV=dev))

pictures: .cache/dev.stamp browser ## Take pictures of every page and of the mail, into build/pictures.
	$(VENV)/python -m tests.e2e.pictures build/pictures

lighthouse: .cache/dev.stamp browser ## Have Lighthouse look at the pages as on a phone; its reports go into build/lighthouse.
	$(VENV)/python -m tests.e2e.lighthouse build/lighthouse

format: .cache/dev.stamp ## Format the code and mend what ruff can.
	$(VENV)/ruff check --fix-only .
	$(VENV)/ruff format .

browser: .cache/dev.stamp
	@$(VENV)/python -m tests.e2e.browser
	@$(VENV)/python -m tests.e2e.webkit

clean: ## Remove everything that was fetched or built.
	@[ ! -d .cache/artifact ] || chmod -R u+w .cache/artifact  # What was run there as on Lambda can't be written to.
	rm -rf .venv .cache .aws-sam build .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# ---- What is fetched: each stamp is made again when what it was made from changes ----

UV_SYNC = $(UV) sync --quiet --locked --inexact --no-default-groups

.cache/run.stamp: pyproject.toml uv.lock | $(UV)
	@echo "Installing what the local stack needs ..."
	@$(UV_SYNC) --group local
	@touch $@

.cache/dev.stamp: pyproject.toml uv.lock | $(UV)
	@echo "Installing what the tests need ..."
	@$(UV_SYNC) --group local --group test --group lint
	@touch $@

.cache/dynamodb.stamp: tests/engines/dynamodb_local.py | .cache/dev.stamp
	@echo "Fetching DynamoDB Local ..."
	@$(VENV)/python -m tests.engines.dynamodb_local
	@touch $@

.cache/web.stamp: tests/engines/web.py $(wildcard tools/web/*.json) | .cache/dev.stamp
	@echo "Fetching what looks at the pages ..."
	@$(VENV)/python -m tests.engines.web
	@touch $@

.cache/sam.stamp: tools/sam/pyproject.toml tools/sam/uv.lock | $(UV)
	@echo "Installing SAM CLI ..."
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/sam" $(UV_SYNC) --project tools/sam
	@touch $@

.cache/ric.stamp: tools/ric/pyproject.toml tools/ric/uv.lock tools/sam/python | $(UV)
	@echo "Installing Lambda's runtime client ..."
	@UV_PYTHON="$$(tools/sam/python)" UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/ric" $(UV_SYNC) --project tools/ric
	@touch $@

.cache/policy.stamp: tools/policy/pyproject.toml tools/policy/uv.lock | $(UV)
	@echo "Installing checkov ..."
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/policy" $(UV_SYNC) --project tools/policy
	@touch $@

# With Python's venv where it works, else with pip alone: Debian ships each as a package of its own.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is not. Try: make PYTHON=python3.13 ..." >&2; exit 1; }
	@rm -rf .cache/uv-*; mkdir -p .cache; echo "Fetching uv ..."
	@{ $(PYTHON) -m venv .cache/uv-$(UV_VERSION) && .cache/uv-$(UV_VERSION)/bin/python -m pip install --quiet uv==$(UV_VERSION); } \
	    > .cache/uv.log 2>&1 || \
	  { rm -rf .cache/uv-$(UV_VERSION); \
	    $(PYTHON) -m pip install --quiet --target .cache/uv-$(UV_VERSION) uv==$(UV_VERSION) >> .cache/uv.log 2>&1; } || \
	  { cat .cache/uv.log; echo "Python's venv or pip is needed. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
