"""One verdict over families."""

from __future__ import annotations

from forecast.inference.diagnostics import Diagnostics, worst


def test_a_failed_family_fails_the_indicator():
    good = Diagnostics(method="fast", status="ok", effective_points=200.0)
    bad = Diagnostics(method="fast", status="failed: 4.0 effective points, 10 needed", effective_points=4.0)
    assert worst([good, bad, good], 12).status == bad.status
    assert worst([good, bad], 12).effective_points == 4.0
    assert worst([good, good], 12).status == "ok"
    assert worst([good], 12).observations == 12


def test_the_worst_of_every_diagnostic_is_kept_and_fast_families_beside_sampled_ones_do_not_hide_them():
    a = Diagnostics(method="nuts", status="ok", rhat=1.001, ess_bulk=900.0, ess_tail=700.0, divergences=1)
    b = Diagnostics(method="nuts", status="ok", rhat=1.01, ess_bulk=500.0, ess_tail=800.0, divergences=2)
    silent = Diagnostics(method="fast", status="ok", effective_points=250.0)
    found = worst([a, silent, b], 3)
    assert found.method == "fast+nuts"
    assert worst([found, silent], 3).method == "fast+nuts"
    assert worst([a, b], 3).method == "nuts"
    assert (found.rhat, found.ess_bulk, found.ess_tail, found.divergences) == (1.01, 500.0, 700.0, 3)
