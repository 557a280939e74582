"""Rules of an assessment as a data set states them: what is read, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.data.assessment import ByRank, GapLinear
from forecast.data.dataset import read_dataset
from forecast.errors import InputError

HUNAN = Path(__file__).parent.parent / "data" / "hunan"


def with_rules(tmp_path, old, new):
    folder = tmp_path / "hunan"
    folder.mkdir()
    for path in HUNAN.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = folder / "dataset.toml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_rules_of_a_data_set_are_read_as_stated():
    rules = read_dataset(HUNAN).config.assessment
    assert rules is not None
    assert sum(item.weight for item in rules.items) == rules.total == 100
    first, *_ = rules.items
    assert isinstance(first, ByRank)
    assert first.parts == {6: 0.3, 12: 0.7}
    assert any(isinstance(item, GapLinear) for item in rules.items)
    assert [one.name for one in rules.classes] == ["优秀", "良好", "达标", "未达标"]
    assert rules.events[0].months == (9, 11)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"export", weight = 15', '"export", weight = 16', ("101", "100")),
        ('rule = "rank"', 'rule = "ranks"', ("assessment.items[1]",)),
        ("per_tenth = 0.2", "per_tenth = -0.2", ("assessment.items[3].per_tenth", "-0.2")),
        ("per_tenth = 0.2, ", "", ("assessment.items[3].per_tenth",)),
        ("target = 20.0", 'target = "province"', ("assessment.items[5]", "below")),
        ("basis = 15", "basis = 26", ("assessment.items[2]", "basis")),
        ("6 = 0.3", "6 = 0.4", ("assessment.items[1]",)),
        ('"fiscal_rev", weight', '"fiscal_rew", weight', ("fiscal_rew", "fiscal_rev")),
        ("last = 3,", "last = 3, lost = 1,", ("assessment.events[1].lost",)),
        ("at_least = 75", "at_least = 95", ("at_least",)),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_refused_at_its_place(tmp_path, old, new, told):
    with pytest.raises(InputError) as refused:
        read_dataset(with_rules(tmp_path, old, new))
    report = str(refused.value)
    assert "dataset.toml" in report
    for word in told:
        assert word in report
