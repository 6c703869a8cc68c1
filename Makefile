# make demo         render people, generate, train, score, compare, report (some minutes on two cores)
# make showcase     the same with all experiments, three seeds, more steps, in showcase/ (about an hour)
# make test         the tests, but the slow ones
# make test-slow    these
# make mutants      which of the faults in tests/mutants/faults.yaml the tests do not notice (ONLY=words of some)
# make env          the environment alone, in .venv
# make test-slurm   the tests on a SLURM of one node, which it installs and brings up: root on Debian or Ubuntu
# make bench-slurm  the tiny workflow on one machine and through that SLURM: where the time goes
# make bench        what is slow, beside the limits of the machine (PARTS=... of it; BENCH=full: the sizes of public data sets)
# make status       how far the workflow is: done, running, failed, stale and why (CONFIG=, PROFILE=, DIRECTORY= as in your runs; TARGET=)
# make dag          the same, and as a picture: dag.svg, of what TARGET=results/... is made from
# make verify       read all results and compare them with their digests: what is damaged (DIRECTORY=)
# make bundle       collect in bundle/ what an installation without internet needs; there: make test OFFLINE=bundle
# They make their own environment in .venv from envs/requirements.txt.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
KIND := import sys, sysconfig; print("Python %d.%d on" % sys.version_info[:2], sysconfig.get_platform())

.PHONY: demo showcase test env test-slow mutants test-slurm bench bench-slurm status dag verify bundle format pictures clean help

help:
	@sed -n 's/^# //p' Makefile

demo: $(READY)
	$(BIN)/snakemake --profile profiles/workstation
	$(BIN)/snakemake --profile profiles/workstation --quiet all --report report.zip
	@echo; cat results/people/compare/table.txt
	@echo "report: $(CURDIR)/report.zip (unpack it and open report/report.html in a browser)"

showcase: $(READY)
	mkdir -p showcase
	$(BIN)/snakemake --profile profiles/workstation --directory showcase --configfile presets/showcase.yaml
	$(BIN)/snakemake --profile profiles/workstation --directory showcase --configfile presets/showcase.yaml --quiet all --report report.zip  # a path in showcase/
	@echo; cat showcase/results/people/compare/table.txt
	@echo "report: $(CURDIR)/showcase/report.zip (unpack it and open report/report.html in a browser)"

env: $(READY)

test: $(READY)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow --numprocesses auto --dist worksteal

mutants: $(READY)
	PYTHONPATH=tests $(BIN)/python -m mutants $(ONLY)

test-slurm: $(READY)
	tests/slurm/cluster.sh up && trap 'tests/slurm/cluster.sh down' EXIT || [ $$? = 3 ] || exit 1; \
	$(BIN)/python -m pytest -m slurm tests/slurm --numprocesses 4 --dist worksteal  # they wait more than they compute

bench: $(READY)
	PYTHONPATH=workflow_scripts:tests $(BIN)/python -m bench $(PARTS) $(if $(filter full,$(BENCH)),--full)

bench-slurm: $(READY)
	$(BIN)/python tests/slurm/bench_slurm.py

status dag:
	@test -x $(BIN)/snakemake || { echo "there is no environment yet: make demo or make test sets it up"; exit 1; }
	@PYTHONPATH=workflow_scripts $(BIN)/python -m purereid.status $(TARGET) $(if $(filter dag,$@),--picture dag.svg) $(if $(PROFILE),--profile $(PROFILE)) $(if $(CONFIG),--configfile $(CONFIG)) $(if $(DIRECTORY),--directory $(DIRECTORY))

verify:
	@test -x $(BIN)/python || { echo "there is no environment yet: make demo or make test sets it up"; exit 1; }
	@PYTHONPATH=workflow_scripts $(BIN)/python -m purereid.upkeep.verify $(if $(DIRECTORY),--directory $(DIRECTORY))

format: $(READY)
	$(BIN)/ruff check --fix workflow_scripts tests
	$(BIN)/ruff format workflow_scripts tests
	$(BIN)/snakefmt Snakefile rules

pictures: demo showcase  # those of the README and docs/
	cp showcase/results/people/rule_graph/rule_graph.svg docs/rule_graph.svg
	echo 'purify: {threshold: 0.9}' > .change.yaml  # any change, to show what it makes stale
	$(MAKE) dag TARGET=results/people/compare/table.csv CONFIG=.change.yaml
	rm .change.yaml; mv dag.svg docs/dag.svg
	$(BIN)/python -c 'from PIL import Image; p = Image.open("showcase/results/people/rank_lists/baseline/seed1/rank_lists-baseline-seed1.png").convert("RGB"); p.crop((0, 1185, p.width, 2015)).resize((p.width // 2, 415)).save("docs/rank_lists.jpg", quality=90)'
	$(BIN)/python -c 'from PIL import Image; p = Image.open("showcase/results/people/show_purified/posegan/gcn/show_purified.png").convert("RGB"); p.crop((0, 946, 750, 1772)).save("docs/purified.jpg", quality=90)'
	$(BIN)/python -c 'from PIL import Image; p = Image.open("showcase/results/people/generate_one/posegan/swap/grid.png").convert("RGB"); p.crop((0, 80, p.width, 1245)).resize((p.width * 2 // 3, 777)).save("docs/generated.jpg", quality=90)'

clean:
	rm -rf .venv

bundle: | $(BIN)/pip
	@mkdir -p bundle; rm -f bundle/SHA256SUMS  # the last thing to be made: a bundle without it is not complete
	$(BIN)/python -m pip wheel --disable-pip-version-check --wheel-dir bundle/wheels --requirement envs/requirements.txt || { echo "bundle/ is not complete; pip says above why. It takes internet and several GB, in bundle/, in $${TMPDIR:-/tmp} and in pip's cache. When that is mended, run make bundle again: what pip has downloaded whole it takes from its cache."; exit 1; }
	@cp envs/requirements.txt bundle/
	@$(BIN)/python -c '$(KIND)' > bundle/made_for.txt
	@cd bundle && find . -type f ! -name 'SHA256SUMS*' -exec sha256sum {} + > SHA256SUMS.part && mv SHA256SUMS.part SHA256SUMS
	@du -h bundle/wheels/* | sort -rh | head; du -sh bundle
	@echo "bundle/ is complete, for $$(cat bundle/made_for.txt). Copy it to the other machine, beside the Makefile; there: make test OFFLINE=bundle"

$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "purereid needs Python 3.11 or newer; '$(PYTHON)' was not found. Install it, or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "purereid needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "purereid needs Python's venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

$(READY): envs/requirements.txt | $(BIN)/pip
ifdef OFFLINE
	@test -f '$(OFFLINE)/SHA256SUMS' || { echo "'$(OFFLINE)' is no complete bundle. Make one with make bundle, on a machine with internet."; exit 1; }
	@cd '$(OFFLINE)' && sha256sum --check --quiet SHA256SUMS || { echo "'$(OFFLINE)' is not as make bundle left it. Copy it again."; exit 1; }
	@cmp -s '$(OFFLINE)/requirements.txt' envs/requirements.txt || { echo "'$(OFFLINE)' holds other versions than envs/requirements.txt. Run make bundle again, from these sources."; exit 1; }
	@$(BIN)/python -c '$(KIND)' | cmp -s - '$(OFFLINE)/made_for.txt' || { echo "'$(OFFLINE)' is for $$(cat '$(OFFLINE)/made_for.txt'), and this is $$($(BIN)/python -c '$(KIND)'). Run make bundle where these are the same, or name another Python here: make clean, then PYTHON=/path/to/python3."; exit 1; }
endif
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(OFFLINE),--no-index --find-links '$(OFFLINE)/wheels') --requirement envs/requirements.txt
	@touch $@
