# What a user types. The set-up, a .venv made from requirements.lock, is part of every target
# that needs it.

PROFILE = demo
DATA =
OTHER =
WEIGHTS =
SCHEDULER =
FRESH =
NOTEBOOKS = notebooks
SUBMISSION =
# Values go to the commands through the environment, letter for letter: neither make nor the
# shell ever reads a $(…), a quote or a semicolon in them.
override PROFILE := $(value PROFILE)
override DATA := $(value DATA)
override OTHER := $(value OTHER)
override WEIGHTS := $(value WEIGHTS)
override SCHEDULER := $(value SCHEDULER)
override FRESH := $(value FRESH)
override NOTEBOOKS := $(value NOTEBOOKS)
override SUBMISSION := $(value SUBMISSION)
override PYTHON := $(value PYTHON)
export PROFILE DATA OTHER WEIGHTS SCHEDULER FRESH NOTEBOOKS SUBMISSION PYTHON

python := .venv/bin/python
made_from := { pwd -P; cat requirements.lock; }

# Shell commands that set $found to a Python that the lock has packages for, or stop. Each
# candidate is tried, since a name on the PATH may be a shim that leads nowhere; its real path
# is taken, since it may be the .venv that is about to be made again.
real_path_if_fit := import os, sys; print(os.path.realpath(sys.executable)); \
	sys.exit(not (3, 11) <= sys.version_info < (3, 14))
define find_python
	if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else \
		set -- python3 python3.13 python3.12 python3.11; fi; \
	found=; for candidate; do \
		found=$$("$$candidate" -c '$(real_path_if_fit)' 2>/dev/null) && break; \
		found=; done; \
	if [ -z "$$found" ]; then \
		echo "error: no Python 3.11, 3.12 or 3.13 found (TensorFlow has no build for others)" >&2; \
		echo "  remedy: install one, or name it: make … PYTHON=/path/to/python3.12" >&2; exit 1; fi
endef

## Print this help
help:
	@echo "make report [PROFILE=demo] [DATA=a folder or zip] [WEIGHTS=imagenet or a folder] [FRESH=1]"
	@echo "            [OTHER=photographs to test on too] [SCHEDULER=tcp://host:8786]"
	@echo "make grade [SUBMISSION=a folder or zip, or a folder of them] [PROFILE=demo] [DATA=] [WEIGHTS=]"
	@echo
	@awk '/^## / { text = substr($$0, 4) } \
		/^[a-z]+:/ { if (text) printf "  make %-8s %s\n", substr($$1, 1, index($$1, ":") - 1), text; \
		text = "" }' Makefile

# With exec, a signal sent to make reaches the program and not only the shell that started it.

# make's own -j says how many notebooks run side by side; after -- come the variables.

## Run the notebooks, two side by side; the report is then in report/build/PROFILE
report: setup
	@set --; case "$$FRESH" in ''|0|no|false) ;; *) set -- --fresh ;; esac; \
	for flag in $$MAKEFLAGS; do case "$$flag" in \
		--) break ;; -j) set -- "$$@" --jobs=0 ;; -j*) set -- "$$@" "--jobs=$${flag#-j}" ;; \
	esac; done; \
	exec $(python) -m wastelib report "--profile=$$PROFILE" \
		$${DATA:+"--data=$$DATA"} $${OTHER:+"--other=$$OTHER"} \
		$${WEIGHTS:+"--weights=$$WEIGHTS"} $${SCHEDULER:+"--scheduler=$$SCHEDULER"} "$$@"

## Run SUBMISSION, else this project, again and judge what it recorded
grade: setup
	@exec $(python) -m wastelib grade "--profile=$$PROFILE" $${DATA:+"--data=$$DATA"} \
		$${WEIGHTS:+"--weights=$$WEIGHTS"} -- $${SUBMISSION:+"$$SUBMISSION"}

## Check the code's form, then run every test
test: lint
	@$(python) -m pytest -n 2

## Check form, notebooks included, and that imports point one way only
lint: setup
	@$(python) -m ruff check --quiet
	@$(python) -m ruff format --check --quiet || \
		{ echo "remedy: .venv/bin/ruff format" >&2; exit 1; }
	@$(python) -m nbstripout --keep-id --verify notebooks/*.ipynb || \
		{ echo "remedy: .venv/bin/nbstripout --keep-id notebooks/*.ipynb" >&2; exit 1; }
	@told=$$(.venv/bin/lint-imports --no-cache --no-logo) || { echo "$$told" >&2; exit 1; }

## Measure speed against the straightforward way; takes 20 minutes of a quiet machine
bench: setup
	@exec $(python) -m tests.benchmarks.speed "--data=$${DATA:-demo}" \
		$${WEIGHTS:+"--weights=$$WEIGHTS"} --record=report/build/bench

## Measure time and memory per image, from 1 000 to 100 000 images; takes 25 minutes
growth: setup
	@exec $(python) -m tests.benchmarks.growth report/build/growth

## Open the notebooks in JupyterLab, on this machine only
# TensorFlow's start-up chatter is red, and a student takes it for an error.
lab: setup
	@export TF_CPP_MIN_LOG_LEVEL=3; exec $(python) -m jupyterlab --ip=127.0.0.1 "--ServerApp.root_dir=$$NOTEBOOKS" \
		$$([ "$$(id -u)" = 0 ] && echo --allow-root)

## Serve a page on this machine: drop a photograph, see PROFILE's best model answer
demo: setup
	@exec $(python) -m wastelib demo "--build=report/build/$$PROFILE"

## Write the notebooks without solutions, for students, to report/build/student
student: setup
	@exec $(python) -m wastelib student

## Name what is missing or wrong on this machine, and the remedy
doctor:
	@if $(python) -c '' 2>/dev/null; then found=$(python); else $(find_python); fi; \
	exec "$$found" -m wastelib.doctor

## Remove builds (trained models too) and caches of tools; .venv and downloads stay
# Except the student edition, which may hold somebody's answers.
clean:
	@if [ -d report/build ]; then \
		find report/build -mindepth 1 -maxdepth 1 ! -name student -exec rm -rf {} +; \
		rmdir report/build 2>/dev/null || true; fi
	@rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find wastelib tests notebooks -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-prune -exec rm -rf {} +

## Write requirements.lock and environment.yml again after a change to pyproject.toml
lock: setup
	@$(python) -m uv pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --extra dev --extra export --extra explore \
		-o requirements.lock pyproject.toml
	@$(python) tests/unit/test_environment.py > environment.yml.part
	@mv environment.yml.part environment.yml

# Files that say what .venv was made from are written last: a set-up that was interrupted is
# done again. They are compared by content, since a checkout gives files any date.
setup:
	@if $(made_from) | cmp -s - .venv/made-from && $(python) -c ''; then exit; fi; \
	$(find_python); \
	echo "Making .venv from requirements.lock with $$("$$found" -V); this takes a minute or two"; \
	rm -rf .venv && "$$found" -m venv .venv && \
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock && \
	$(python) -m pip install -qq --disable-pip-version-check --require-hashes \
		-r .venv/uv.lock && \
	$(python) -m uv pip install --quiet --system-certs --python $(python) --require-hashes \
		-r requirements.lock && \
	$(made_from) > .venv/made-from || \
	{ echo "error: .venv is not complete, for the reason above" >&2; \
		echo "  remedy: mend it and type the same again; Debian's Python needs python3-venv" >&2; \
		exit 1; }
	@cmp -s pyproject.toml .venv/installed-from || { \
		$(python) -m uv pip install --quiet --system-certs --python $(python) --no-deps --no-build-isolation \
			--editable . && cp pyproject.toml .venv/installed-from; }

.DEFAULT_GOAL := help
.PHONY: help report grade test lint bench growth lab demo student doctor clean lock setup
