"""The figures from print agree with each other, and a damaged file is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.datasets.catalog import TASK_NAMES
from suprem.errors import EvaluationError
from suprem.evaluation.published import OVERALL, TABLE, load_published


def test_the_printed_means_are_those_of_the_printed_figures() -> None:
    """A figure copied wrongly moves its mean; the paper rounds some of them down."""
    known = load_published()
    assert [row.method for row in known.zero_shot.rows] == ["SuPreME", "MERL"]
    assert len(known.linear_probe.rows) == 14
    assert known.linear_probe.shares == (1, 10, 100)
    for row in (*known.zero_shot.rows, *known.linear_probe.rows):
        tasks = [values for name, values in row.auroc.items() if name != OVERALL]
        assert len(tasks) == 6
        assert set(row.auroc) <= {*TASK_NAMES, OVERALL}
        for position, overall in enumerate(row.auroc[OVERALL]):
            assert sum(values[position] for values in tasks) / 6 == pytest.approx(overall, abs=1.01e-4)


@pytest.mark.parametrize(
    ("found", "instead", "says"),
    [("source = ", "sauce = ", "source"), ("cpsc2018 = [69.25, 82.82,", "cpsc2018 = [", "MERL has not 3 figures")],
)
def test_a_damaged_file_is_named(tmp_path: Path, found: str, instead: str, says: str) -> None:
    path = tmp_path / "published.toml"
    path.write_text(TABLE.read_text(encoding="utf-8").replace(found, instead), encoding="utf-8")
    with pytest.raises(EvaluationError, match=says):
        load_published(path)
