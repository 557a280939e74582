# Every target sets up what it needs on a machine that has only Python, pip, make and git.
DATASET ?= data/ankang-2020
AS_OF ?= 2020-08
PANELS ?= ../shared/bench/panels
BENCH ?=
CALIBRATE ?=

UV := python3 -m uv
PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: run app test lint types bench fuzz calibrate docs bundle screenshots browser lock clean

run: $(READY)  ## the main job: probabilities for Ankang as of August 2020
	.venv/bin/dabiao run $(DATASET) --as-of $(AS_OF)

app: $(READY)  ## the results in a browser; runs the data set first if no run of it is kept
	.venv/bin/dabiao app $(DATASET)

# one thread a worker: two workers whose linear algebra takes two cores each wait for each other
test: export OPENBLAS_NUM_THREADS := 1
test: export OMP_NUM_THREADS := 1
test: $(READY) lint types  ## style, types, then all tests but the slow ones
	$(PYTHON) -m pytest -m "not slow" -n 2

lint: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: $(READY)
	.venv/bin/mypy

bench: $(READY)  ## budgets of time and memory, then full-year growth on the panels in PANELS; against the last saved
	$(PYTHON) benchmarks/budgets.py --keep
	$(PYTHON) benchmarks/scenario_speed.py
	$(PYTHON) benchmarks/run_ytd.py --panels $(PANELS) $(BENCH)

fuzz: $(READY)  ## random sheets, numbers in words, damaged files through the readers: read or refused
	$(PYTHON) benchmarks/fuzz.py

calibrate: $(READY)  ## simulation-based calibration, both routes; writes docs/calibration.md (an hour on two cores)
	$(PYTHON) benchmarks/worlds.py --joint 1000
	$(PYTHON) benchmarks/calibrate.py $(CALIBRATE)

docs: $(READY)  ## documents that are made from the program
	$(PYTHON) -m forecast.report.formats > docs/formats.md
	$(PYTHON) -m forecast.report.brief
	REPORTS_DOC=1 $(PYTHON) -m pytest tests/test_report_docs.py
	$(PYTHON) -c "import json; from forecast.scenario.reader import json_schema as s; print(json.dumps(s(), ensure_ascii=False, indent=2))" > scenarios/schema.json

bundle: $(READY)  ## the stored run and track record of the example that come with the program
	$(PYTHON) data/build_bundle.py

screenshots: $(READY)  ## every page of the app as pictures, into docs/images (needs chromium)
	$(PYTHON) benchmarks/screenshots.py

browser: $(READY)  ## journeys through the app in a real browser, then what a reader waits (needs chromium)
	$(PYTHON) -m pytest -m slow tests/browser
	$(PYTHON) benchmarks/browser.py

lock:  ## the locked versions with their hashes, anew from pyproject.toml
	$(UV) pip compile -q pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url -o requirements.lock

clean:
	rm -rf .venv out

# uv finds the interpreter that .python-version names; --python keeps it inside the project's own environment
$(READY): requirements.lock pyproject.toml
	python3 -m uv --version >/dev/null 2>&1 || python3 -m pip install -q uv
	test -x $(PYTHON) || $(UV) venv -q .venv
	$(UV) pip sync -q --python $(PYTHON) --require-hashes requirements.lock
	$(UV) pip install -q --python $(PYTHON) --no-deps --editable .
	touch $@
