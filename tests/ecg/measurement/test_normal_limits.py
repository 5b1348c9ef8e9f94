"""What a normal adult ECG may not show is named with its measurement; what is normal or unknown is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suprem.ecg.measurement.measure import measure
from suprem.ecg.measurement.normal_limits import (
    CONTIGUOUS,
    Departure,
    outside_normal_limits,
    st_elevation_limit,
)
from suprem.ecg.record import LEADS
from suprem.ecg.synthetic import Conduction, Rhythm, SyntheticSpec, synthesize


def departures(spec: SyntheticSpec, **person: float | str) -> set[Departure]:
    found = outside_normal_limits(measure(synthesize(spec)), **person)  # type: ignore[arg-type]
    return {one.departure for one in found}


@pytest.mark.parametrize("rate", [52, 70, 98])
def test_a_normal_ecg_is_within_its_limits(rate: int) -> None:
    assert departures(SyntheticSpec(heart_rate=rate)) == set()


@pytest.mark.parametrize(
    ("spec", "departure"),
    [
        (SyntheticSpec(st_inferior=0.3), Departure.ST_ELEVATION),
        (SyntheticSpec(st_anterior=0.4), Departure.ST_ELEVATION),
        (SyntheticSpec(st_lateral=-0.2), Departure.ST_DEPRESSION),
        (SyntheticSpec(heart_rate=44), Departure.RATE),
        (SyntheticSpec(heart_rate=112), Departure.RATE),
        (SyntheticSpec(pr_interval=0.26), Departure.PR),
        (SyntheticSpec(conduction=Conduction.RBBB), Departure.QRS),
        (SyntheticSpec(conduction=Conduction.LBBB), Departure.QRS),
        (SyntheticSpec(axis=-60), Departure.AXIS),
        (SyntheticSpec(axis=125), Departure.AXIS),
        (SyntheticSpec(voltage=0.25), Departure.LOW_VOLTAGE),
        (SyntheticSpec(rhythm=Rhythm.FIBRILLATION), Departure.RHYTHM),
        (SyntheticSpec(rhythm=Rhythm.VENTRICULAR_PREMATURE), Departure.ECTOPY),
    ],
)
def test_each_limit_is_seen_to_be_crossed(spec: SyntheticSpec, departure: Departure) -> None:
    assert departure in departures(spec)


def test_the_words_give_measurement_leads_and_limit() -> None:
    first, *_ = outside_normal_limits(measure(synthesize(SyntheticSpec(st_inferior=0.3, heart_rate=62))))
    assert first.departure is Departure.ST_ELEVATION
    assert first.leads == ("II", "III", "aVF")
    assert first.words == "ST is +0.30 mV in II and raised in II, III and aVF (normal below 0.1 mV)"


def test_st_of_one_lead_alone_is_not_enough() -> None:
    found = measure(synthesize(SyntheticSpec(st_inferior=0.3)))
    alone = replace(found, st={lead: level for lead, level in found.st.items() if lead in ("III", "V1", "V4")})
    assert Departure.ST_ELEVATION not in {one.departure for one in outside_normal_limits(alone)}


@pytest.mark.parametrize(
    ("lead", "age", "sex", "limit"),
    [
        ("V2", 30, "male", 0.25),
        ("V3", 60, "male", 0.2),
        ("V2", 30, "female", 0.15),
        ("V3", None, None, 0.2),
        ("V4", 30, "male", 0.1),
        ("II", 60, "female", 0.1),
    ],
)
def test_limits_of_st_follow_age_and_sex(lead: str, age: float | None, sex: str | None, limit: float) -> None:
    assert st_elevation_limit(lead, age, sex) == limit


def test_a_wide_qrs_answers_for_the_st_that_follows_from_it() -> None:
    assert Departure.ST_ELEVATION not in departures(SyntheticSpec(conduction=Conduction.LBBB, st_anterior=0.4))


def test_limits_of_adults_are_not_applied_to_children() -> None:
    assert departures(SyntheticSpec(heart_rate=130), age=4) == set()
    assert departures(SyntheticSpec(heart_rate=130), age=40) >= {Departure.RATE}


def test_what_could_not_be_measured_is_no_departure() -> None:
    assert departures(SyntheticSpec(noise=3.0)) == set()


def test_contiguous_leads_are_leads() -> None:
    assert {lead for pair in CONTIGUOUS for lead in pair} == set(LEADS) - {"aVR"}
