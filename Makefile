# One command each: `make demo` tells the whole story, `make test` passes the tests. Both make .venv themselves.
# Needs Python 3.11 or newer with pip and venv, and make.

# PYTHON=… names the interpreter; without it the first of these that is 3.11 or newer is taken.
PYTHON ?= python3
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH ?=

BIN := .venv/bin
READY := .venv/.ready
CANDIDATES := $(PYTHON) python3.14 python3.13 python3.12 python3.11

.DEFAULT_GOAL := help
.PHONY: help demo test check bench constraints clean

help:
	@echo "make demo         the whole story on a sample ERP: before, why, after   (DEMO_ARGS=--quick: at most 90 s)"
	@echo "make test         the tests                                             (TEST_ARGS='-k grammar')"
	@echo "make check        ruff, mypy and the import rules"
	@echo "make bench        the figures of tests/benchmarks/, one line each       (BENCH='lean_http omission')"
	@echo "make constraints  pin the dependencies anew (needs uv)"
	@echo "make clean        remove .venv and caches"

demo: $(READY)
	$(BIN)/perfkit demo $(DEMO_ARGS)

test: $(READY)
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not alone" $(TEST_ARGS)
	$(BIN)/python -m pytest -m alone $(TEST_ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m tests.benchmarks $(BENCH)

# Every file that pip takes must have one of the hashes in constraints.txt. The package itself comes last, without
# its dependencies, which are there already, and without a build environment of its own, which could not be pinned.
$(READY): pyproject.toml constraints.txt
	@python=; \
	for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        python="$$candidate"; break; \
	    fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "perfkit needs Python 3.11 or newer; none of these is: $(CANDIDATES)" >&2; \
	    echo "install it, or name it: make PYTHON=/path/to/python3.12 …" >&2; \
	    exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$$python has no venv or no ensurepip; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	fi; \
	echo "setting up .venv with $$python; this takes a minute or two" >&2; \
	"$$python" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

constraints:
	uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade \
	    --extra dev pyproject.toml -o constraints.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find perfkit tests scenarios -name __pycache__ -type d -prune -exec rm -rf {} +
