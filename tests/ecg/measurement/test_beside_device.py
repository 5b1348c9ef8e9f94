"""What a device measured stands beside what is measured here, under one name, in one unit."""

from __future__ import annotations

import pytest

from suprem.ecg.measurement.beside_device import MeasurementRow, beside_device
from suprem.ecg.measurement.measure import Measurements, measure
from suprem.ecg.synthetic import SyntheticSpec, synthesize


@pytest.fixture(scope="module")
def found() -> Measurements:
    return measure(synthesize(SyntheticSpec(heart_rate=60, axis=170)))


def row(rows: list[MeasurementRow], name: str) -> MeasurementRow:
    (one,) = [one for one in rows if one.name == name]
    return one


def test_names_and_units_of_devices_are_understood(found: Measurements) -> None:
    rows = beside_device(found, {"RR Interval": "1000 ms", "QTc Interval (Hodges)": "413 ms", "P Axis": "44 deg"})
    assert row(rows, "Heart rate").device == "60 /min"
    assert row(rows, "P axis").device == "44 °"
    other = row(rows, "QTc Interval (Hodges) (device)")
    assert (other.own, other.device) == (None, "413 ms")
    assert len({one.name for one in rows}) == len(rows)


def test_the_difference_of_two_axes_goes_the_short_way_round(found: Measurements) -> None:
    one = row(beside_device(found, {"QRS Axis": "-175 deg"}), "QRS axis")
    assert one.difference is not None
    assert abs(one.difference) < 40
    assert one.side == "high"


@pytest.mark.parametrize(("device", "notable"), [("140 ms", True), ("96 ms", False)])
def test_a_difference_is_marked_from_where_it_matters(found: Measurements, device: str, notable: bool) -> None:
    assert row(beside_device(found, {"QRS Duration": device}), "QRS").notable is notable


@pytest.mark.parametrize("text", ["", "ms", "about 100 ms", "100 parsec", "nan ms"])
def test_what_is_no_number_with_a_unit_stays_text(found: Measurements, text: str) -> None:
    assert row(beside_device(found, {"QRS Duration": text}), "QRS Duration (device)").device == text


def test_adults_have_ranges_by_sex_and_children_none(found: Measurements) -> None:
    of_men = row(beside_device(found, {}, sex="male"), "QTc Fridericia").normal
    assert str(of_men) == "340 to 450"
    assert all(one.normal is None for one in beside_device(found, {}, age=7))
