# All commands for developers. `make help` lists them. They require git, make and Python 3.11 or newer, and download the
# rest. A comment that starts with ##@ is a heading of `make help`, and one that starts with ## describes a target.
PORT ?= 8080
# With SHORT=1, targets that test, measure or take screenshots do only a small part of their work, for `make targets`.
SHORT ?=
PYTHON ?= python3
VENV := .venv/bin
export PYTHONPATH := functions:.
# Without stored bytecode, every process of the tests compiles all packages again.
unexport PYTHONDONTWRITEBYTECODE

# uv installs the packages of uv.lock. Its version is pinned, and it never uses a Python other than the one above.
UV_VERSION := 0.13.8
UV := .cache/uv-$(UV_VERSION)/bin/uv
export UV
export UV_PYTHON = $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help run demo demo-data test test-dates units long faults artifact emulate bench cold-starts check check-full targets lint types contracts \
  template build sbom requirements site deploy destroy pictures lighthouse format lock browser clean

STARTED := $(shell date +%s)
TOTAL = @echo "Total since make started: $$(( $$(date +%s) - $(STARTED) )) s"

##@ Run
help: ## List all targets.
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .cache/run.stamp ## Start the whole system at http://127.0.0.1:8080 (PORT=9000 for another port).
	@exec $(VENV)/python -m local --port $(PORT) $(if $(SCHEDULED),--scheduled)

demo: .cache/run.stamp ## Start the system with about 1,500 sample referrals of the last three months.
	@exec $(VENV)/python -m local --demo --port $(PORT)

demo-data: .cache/run.stamp ## Record the data of the demo again with the real functions (takes minutes).
	$(VENV)/python -m local.demo $(if $(SHORT),--days 2)

# make test DATE="2028-02-29 12:00" (UTC) runs the tests with that date. This works with long, units and faults too.
AT = $(if $(DATE),$(VENV)/python -m tools.dates "$(DATE)")

##@ Test
# A worker runs whole files. Folders with long files are first, since the other workers would wait for these at the end. Four workers
# keep two cores busy, because browsers and servers make tests wait.
PYTEST = $(AT) $(VENV)/pytest -n 4 --dist loadfile --no-loadscope-reorder tests/faults tests/e2e tests/content tests/abuse \
  tests/integration tests/infra tests/unit
# With four times as many examples in tests by Hypothesis.
THOROUGH := --hypothesis-profile thorough
# `make faults` injects a fault at every point, and the weekly workflow runs it.
FAULTS := tests/faults/test_fault_injection.py

test: .cache/dev.stamp .cache/dynamodb.stamp .cache/web.stamp .cache/engines.stamp .cache/sam.stamp browser ## Run all tests except the slow ones.
	$(PYTEST) $(if $(FULL),$(THOROUGH) --one-in 4,-m "not long")
	$(TOTAL)

# A selection of tests that depend on dates. The weekly workflow runs all of `make test` at these dates.
DATED := $(addprefix tests/unit/,core/test_calendar.py core/test_business_hours.py core/test_decisions.py feedback wake outreach/test_delivery.py links \
  dashboard/test_api.py dashboard/test_authorization.py) \
  $(addprefix tests/integration/test_,dashboard_numbers.py held.py audit.py letters.py local_reminder.py \
  summary.py restore.py::test_lost_items_are_restored_and_no_doctor_is_mailed_twice_or_after_an_opt_out) \
  $(addprefix tests/integration/samlocal/test_,clock.py tokens.py)

test-dates: .cache/dev.stamp .cache/dynamodb.stamp .cache/sam.stamp ## Run the tests that depend on dates, on a leap day, at the end of a year and on other special dates.
	$(VENV)/python -m tools.dates --each $(VENV)/pytest -p no:schemathesis -m "not long" $(DATED)

long: .cache/dev.stamp .cache/dynamodb.stamp .cache/web.stamp .cache/engines.stamp .cache/sam.stamp browser ## Run the slow tests, which `make test` skips.
	$(PYTEST) $(THOROUGH) -m long $(if $(SHORT),--collect-only -qq)

units: .cache/dev.stamp ## Run the unit tests.
	$(AT) $(VENV)/pytest -n 2 -p no:schemathesis -m "not long" tests/unit $(if $(SHORT),--collect-only -qq)

artifact: build .cache/dev.stamp .cache/dynamodb.stamp .cache/ric.stamp ## Build the functions, and test them in the runtime of Lambda.
	$(VENV)/pytest tests/artifact

emulate: .cache/dev.stamp .cache/sam.stamp .cache/ministack.stamp ## Create the stack on ministack, an emulator of AWS, and drive a referral through it.
	$(VENV)/pytest -p no:schemathesis tests/emulation

faults: .cache/dev.stamp .cache/dynamodb.stamp ## Inject every fault into every AWS call, and check all promises.
	$(AT) $(VENV)/pytest $(FAULTS) --one-in 1 $(if $(SHORT),--collect-only -qq)

##@ Measure
bench: .cache/dev.stamp .cache/dynamodb.stamp ## Measure the AWS cost of the dashboard and of a referral, and update docs/cost.md.
	$(VENV)/python -m bench.overview_cost $(if $(SHORT),--most 1100)
	$(VENV)/python -m bench.listing_cost $(if $(SHORT),--most 1100)
	$(VENV)/python -m bench.cost $(if $(SHORT),--print)

cold-starts: .cache/dev.stamp .cache/sam.stamp ## Measure cold starts of the built functions, with and without bytecode.
	$(VENV)/python -m bench.cold_start $(if $(SHORT),--runs 1 --only intake)

pictures: .cache/dev.stamp browser ## Take screenshots of every page and email, into build/pictures.
	$(VENV)/python -m tests.e2e.pictures build/pictures $(if $(SHORT),--locale en --width 360 --scheme light --short)

lighthouse: .cache/dev.stamp browser ## Run Lighthouse on the pages, and write reports into build/lighthouse.
	$(VENV)/python -m tests.e2e.lighthouse build/lighthouse $(if $(SHORT),--short)

##@ Check
check: lint types contracts requirements template build test ## Run the checks that a change must pass.

# `test` then includes `long` and `faults`.
check-full: FULL := 1
check-full: check artifact emulate test-dates targets ## Run all checks, as CI does.
	$(TOTAL)

# The targets that no other check runs. tests/integration/test_make.py runs deploy, destroy and clean.
SHORT_FORMS := help units long faults run demo demo-data bench cold-starts pictures lighthouse sbom site format lock

targets: .cache/dev.stamp ## Run all other targets in a short form, and check that they change no file of the repository.
	$(VENV)/python -m tools.targets $(SHORT_FORMS)

lint: .cache/dev.stamp ## Check the style of code, the wording of texts and comments, and the subjects of commits.
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/python -m tools.vocabulary
	$(VENV)/python -m tools.commits

types: .cache/dev.stamp ## Check types.
	$(VENV)/mypy

contracts: .cache/dev.stamp ## Check the imports between packages.
	$(VENV)/lint-imports --no-logo

SAM := tools/sam/sam
NESTED := infra/site.yaml infra/watch.yaml
# Stacks of their own.
OTHERS := infra/waf.yaml infra/budget.yaml infra/deploy-role.yaml infra/site-errors.yaml
# The second half checks the root after SAM's transform, with the nested templates beside it. W3002 reports local files, which
# `sam deploy` uploads.
TRANSFORMED := build/transformed

template: .cache/dev.stamp .cache/sam.stamp .cache/policy.stamp ## Check the AWS template, before and after SAM transforms it.
	$(VENV)/cfn-lint infra/template.yaml $(NESTED) $(OTHERS)
	$(SAM) validate --lint
	for file in $(NESTED); do $(SAM) validate --lint --template-file $$file || exit 1; done
	@mkdir -p $(TRANSFORMED) && cp $(NESTED) $(TRANSFORMED)
	.cache/sam/bin/python tools/sam/transform.py infra/template.yaml > $(TRANSFORMED)/template.json
	$(VENV)/cfn-lint --ignore-checks W3002 -- $(TRANSFORMED)/template.json
	.cache/policy/bin/python tools/policy/scan.py .cache/policy/bin/checkov $(TRANSFORMED)/template.json $(NESTED) $(OTHERS)

##@ Build and deploy
build: .cache/run.stamp .cache/sam.stamp ## Build the functions into .aws-sam/build.
	$(SAM) build
	$(VENV)/python -m tools.ship .aws-sam/build "$$(tools/sam/python)"

sbom: .cache/run.stamp ## Write the software bill of materials (CycloneDX) into build/sbom.
	@$(VENV)/python -m tools.supply.sbom build/sbom

EXPORT = $(UV) export --quiet --locked --no-default-groups --no-emit-project --no-header --format requirements.txt
LAYER := infra/layers/reports/requirements.txt

requirements: $(UV) ## Check that the requirements files match uv.lock.
	@$(EXPORT) --output-file .cache/requirements.txt
	@$(EXPORT) --only-group reports --output-file .cache/layer.txt
	@cmp .cache/requirements.txt functions/requirements.txt && cmp .cache/layer.txt $(LAYER) || \
	  { echo "Run: make lock"; exit 1; }

lock: $(UV) ## Update uv.lock and the requirements files from pyproject.toml.
	$(UV) lock
	$(EXPORT) --output-file functions/requirements.txt
	$(EXPORT) --only-group reports --output-file $(LAYER)

site: .cache/run.stamp ## Build the static site into build/site (STACK=NAME for a deployed stack).
	$(VENV)/referrals site --out build/site $(if $(STACK),--stack $(STACK))

deploy: build .cache/run.stamp ## Build and deploy to ENV=dev, staging or prod (YES=1 to skip the confirmation).
	$(VENV)/referrals deploy $(or $(ENV),$(error Name the environment: make deploy ENV=dev)) $(if $(YES)$(CI),--yes) $(if $(NO_WEB_ACL),--no-web-acl)

destroy: .cache/run.stamp ## Delete the stack of ENV=dev, staging or prod, but keep tables and secrets.
	$(VENV)/referrals destroy $(or $(ENV),$(error Name the environment: make destroy ENV=dev))

##@ Maintain
format: .cache/dev.stamp ## Format the code, and apply the automatic fixes of ruff.
	$(VENV)/ruff check --fix-only .
	$(VENV)/ruff format .

browser: .cache/dev.stamp
	@$(VENV)/python -m tests.e2e.browser
	@$(VENV)/python -m tests.e2e.webkit
	@$(VENV)/python -m tests.engines.njs

clean: ## Delete all downloaded and built files.
	@[ ! -d .cache/artifact ] || chmod -R u+w .cache/artifact  # The tests make it read-only, as in Lambda.
	rm -rf .venv .cache .aws-sam build .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# ---- Downloads. make updates a stamp when its prerequisites change. ----

UV_SYNC = $(UV) sync --quiet --locked --inexact --no-default-groups

# The command `referrals` is a script, because the repository is not a Python package and has two import roots.
INSTALL_COMMAND = install -m 755 cli/referrals.sh $(VENV)/referrals

.cache/run.stamp: pyproject.toml uv.lock cli/referrals.sh | $(UV)
	@echo "Installing packages for the local stack ..."
	@$(UV_SYNC) --group local
	@$(INSTALL_COMMAND)
	@touch $@

.cache/dev.stamp: pyproject.toml uv.lock cli/referrals.sh | $(UV)
	@echo "Installing packages for the tests ..."
	@$(UV_SYNC) --group local --group test --group lint
	@$(INSTALL_COMMAND)
	@touch $@

.cache/dynamodb.stamp: tests/engines/dynamodb_local.py | .cache/dev.stamp
	@echo "Downloading DynamoDB Local ..."
	@$(VENV)/python -m tests.engines.dynamodb_local
	@touch $@

.cache/web.stamp: tests/engines/web.py $(wildcard tools/web/*.json) | .cache/dev.stamp
	@echo "Downloading tools that check the pages ..."
	@$(VENV)/python -m tests.engines.web
	@touch $@

.cache/engines.stamp: tests/engines/npm_engines.py $(wildcard tools/engines/*.json) | .cache/dev.stamp
	@echo "Downloading fakes of SES and DynamoDB ..."
	@$(VENV)/python -m tests.engines.npm_engines
	@touch $@

.cache/sam.stamp: tools/sam/pyproject.toml tools/sam/uv.lock | $(UV)
	@echo "Installing SAM CLI ..."
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/sam" $(UV_SYNC) --project tools/sam
	@touch $@

.cache/ric.stamp: tools/ric/pyproject.toml tools/ric/uv.lock tools/sam/python | $(UV)
	@echo "Installing Lambda's runtime client ..."
	@UV_PYTHON="$$(tools/sam/python)" UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/ric" $(UV_SYNC) --project tools/ric
	@touch $@

.cache/ministack.stamp: tools/ministack/pyproject.toml tools/ministack/uv.lock tools/sam/python | $(UV)
	@echo "Installing ministack ..."
	@UV_PYTHON="$$(tools/sam/python)" UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/ministack" $(UV_SYNC) --project tools/ministack
	@touch $@

.cache/policy.stamp: tools/policy/pyproject.toml tools/policy/uv.lock | $(UV)
	@echo "Installing checkov ..."
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/.cache/policy" $(UV_SYNC) --project tools/policy
	@touch $@

# Uses Python's venv, or else only pip, because Debian has separate packages for them and may lack one.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is required, but '$(PYTHON)' is not. Try: make PYTHON=python3.13 ..." >&2; exit 1; }
	@rm -rf .cache/uv-*; mkdir -p .cache; echo "Downloading uv ..."
	@{ $(PYTHON) -m venv .cache/uv-$(UV_VERSION) && .cache/uv-$(UV_VERSION)/bin/python -m pip install --quiet uv==$(UV_VERSION); } \
	    > .cache/uv.log 2>&1 || \
	  { rm -rf .cache/uv-$(UV_VERSION); \
	    $(PYTHON) -m pip install --quiet --target .cache/uv-$(UV_VERSION) uv==$(UV_VERSION) >> .cache/uv.log 2>&1; } || \
	  { cat .cache/uv.log; echo "Python's venv or pip is required. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
