# make demo    render people, generate, train, score, compare, report (about ten minutes on two cores)
# make test    the tests
# Both make their own environment in .venv from envs/requirements.txt.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test format pictures clean help

help:
	@sed -n 's/^# //p' Makefile

demo: $(READY)
	$(BIN)/snakemake --profile profiles/workstation
	$(BIN)/snakemake --profile profiles/workstation --quiet all --report report.zip
	@echo; cat results/people/compare/table.txt
	@echo "report: $(CURDIR)/report.zip (unpack it and open report/report.html in a browser)"

test: $(READY)
	$(BIN)/python -m pytest

format: $(READY)
	$(BIN)/ruff check --fix workflow_scripts tests
	$(BIN)/ruff format workflow_scripts tests
	$(BIN)/snakefmt Snakefile rules

pictures: demo  # those of the README
	cp results/rule_graph/rule_graph.svg docs/rule_graph.svg
	$(BIN)/python -c 'from PIL import Image; p = Image.open("results/people/rank_lists/baseline/seed1/rank_lists.png").convert("RGB"); p.crop((0, 1125, p.width, 2145)).resize((p.width // 2, 510)).save("docs/rank_lists.jpg", quality=90)'
	$(BIN)/python -c 'from PIL import Image; p = Image.open("results/people/generate_one/posegan/swap/grid.png").convert("RGB"); p.crop((0, 80, p.width, 1245)).resize((p.width * 2 // 3, 777)).save("docs/generated.jpg", quality=90)'

clean:
	rm -rf .venv

$(READY): envs/requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "purereid needs Python 3.11 or newer; '$(PYTHON)' was not found. Install it, or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "purereid needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "purereid needs Python's venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement envs/requirements.txt
	@touch $@
