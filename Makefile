# Each target sets up all it needs: a virtual environment with pinned installs, made once.
PYTHON ?= python3
PRESET ?= laptop
ENV := .venv
RUN := $(ENV)/bin/python
READY := $(ENV)/.ready
# One BLAS thread: more would make results depend on the machine's load.
export OPENBLAS_NUM_THREADS = 1

.PHONY: repro test figures docs bench lint clean

repro: $(READY)  ## run every claim and write report/report.html
	$(RUN) -m paper_repro run --preset $(PRESET)

test: $(READY)  ## run all tests, a process per core
	$(RUN) -m pytest --numprocesses logical

figures: $(READY)  ## redraw every figure from saved results (made by repro)
	$(RUN) -m figures all --preset $(PRESET)

docs: $(READY)  ## write the pages of the library's modules to site/index.html
	$(RUN) -m paper_repro.api_page site

bench: $(READY)  ## time against the peers, in one process, in alternation
	for file in experiments/benchmarks/[a-z]*.py; do \
	  $(RUN) -m experiments.benchmarks.$$(basename $$file .py) || exit 1; done

lint: $(READY)  ## style, layers, types
	$(ENV)/bin/ruff check .
	$(ENV)/bin/ruff format --check .
	$(ENV)/bin/lint-imports
	$(ENV)/bin/basedpyright --pythonpath $(RUN)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'Python 3.11 or newer is needed'"
	$(PYTHON) -m venv $(ENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[repro,test]"
	touch $(READY)

clean:  ## remove the environment and caches; results and report stay
	rm -rf $(ENV) .pytest_cache .ruff_cache .hypothesis
