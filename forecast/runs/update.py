"""The monthly job: take in new figures and ledgers, run as of the new month, keep the run, say what moved.

Invariant: the same update twice adds nothing the second time (held by ``tests/test_update.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forecast.data.dataset import Dataset, read_dataset
from forecast.data.intake import Intake, take_in
from forecast.data.reading.problems import Problems
from forecast.errors import Problem, UsageError
from forecast.executor import Executor
from forecast.periods import AsOf
from forecast.runs.amend import Amendment, amend, apply, check, next_as_of
from forecast.runs.difference import Moved, compare, vintage
from forecast.runs.run import Request, Run, run
from forecast.runs.store import Answers, KeptRun, Store, identity_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """An update that was read and validated, and not yet applied: what a preview shows.

    dataset : before; as_of : state of knowledge after
    warnings : of the data set as it will be: figures in doubt, and what was left aside or understood in words
    """

    dataset: Dataset
    intake: Intake
    amendment: Amendment
    as_of: str
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Updated:
    """A finished update.

    before, after : the run before and the new one; moved : what differs between them
    """

    prepared: Prepared
    run: Run
    before: KeptRun
    after: KeptRun
    moved: Moved


def prepare(dataset: Path, files: Sequence[Path], *, as_of: str | None = None, released: str | None = None) -> Prepared:
    """Read and validate everything; nothing is written.

    Parameters
    ----------
    as_of : state of knowledge after the update; None: the latest month that the files bring
    released : YYYY-MM-DD, release day of figures whose file names none

    Raises
    ------
    InputError
        A file, or the data set with it, is unusable.
    UsageError
        A date cannot be read.
    """
    if as_of is not None:
        AsOf.parse(as_of)
    day = _day(released)
    before = read_dataset(dataset)
    problems = Problems()
    intake = take_in(before, files, problems, released=day)
    first: dict[str, str] = {}
    for ledger in intake.ledgers:
        if first.setdefault(ledger.kind, ledger.file) is not ledger.file:
            problems.add("update_file_twice", ledger.file, kind=ledger.kind, other=first[ledger.kind])
    problems.check()
    moment = as_of or next_as_of(before, intake)
    after = before
    if not files:
        amendment = Amendment(folder=before.config.folder, before={}, after={})
    else:
        amendment = amend(before, intake, as_of=moment)
        after = check(before, amendment, intake.additions)
    warnings = (*after.warnings(), *problems.remarks())
    return Prepared(dataset=before, intake=intake, amendment=amendment, as_of=moment, warnings=warnings)


def _day(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("usage_released", found=text) from error


def update(
    request: Request,
    files: Sequence[Path],
    *,
    store: Store,
    answers: Callable[[Run], Answers],
    released: str | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    executor: Executor | None = None,
) -> Updated:
    """Take in files, run, keep, and compare with the run before.

    Where none is kept, the data set is run as it was before the update.

    Parameters
    ----------
    request : data set, seed, method, draws; ``as_of`` as in ``prepare``
    answers : what is kept of a run beside its draws

    Raises
    ------
    InputError, UsageError
        As ``prepare``; nothing was changed.
    StoreError
        The disk is full or cannot be written; what was there before is untouched.
    """
    prepared = prepare(request.dataset, files, as_of=request.as_of, released=released)

    def made(as_of: str) -> tuple[Run, KeptRun]:
        finished = run(replace(request, as_of=as_of), progress=progress, executor=executor, kept=store.fit)
        return finished, store.keep(finished, answers(finished))

    before = _newest(store, prepared, request) or made(prepared.dataset.config.as_of)[1]
    apply(prepared.amendment)
    finished, after = made(prepared.as_of)
    moved = compare(vintage(before, dataset=prepared.dataset), vintage(after, dataset=finished.dataset))
    return Updated(prepared=prepared, run=finished, before=before, after=after, moved=moved)


def _newest(store: Store, prepared: Prepared, request: Request) -> KeptRun | None:
    """The run of the data set as it was before the update, else its newest kept run asked for in the same way."""
    data = prepared.dataset
    until = AsOf.parse(prepared.as_of).day
    headers = [
        header
        for header in store.runs(of=identity_of(data))
        if (header.method, header.seed, header.draws) == (request.method, request.seed, request.draws)
        and AsOf.parse(header.as_of).day <= until
    ]
    just_before = [h for h in headers if (h.data_hash, h.as_of) == (data.data_hash, data.config.as_of)]
    for header in [*just_before, *headers]:
        kept = store.open(header.run_id)
        if not kept.damages():
            return kept
    return None
