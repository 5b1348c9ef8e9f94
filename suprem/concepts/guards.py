"""Guards: what a cosine cannot keep apart. Texts that differ in degree, side, wall or polarity are never one finding.

MedCPT places "third degree AV block" and "second degree AV block" at a cosine of 0.98, MiniLM left and right bundle
branch block at 0.97. Each guard reads one clinical property from the words of a text; the values decide:

    both state it, nothing in common   -> `conflict`  ("left ..." against "right ...")
    otherwise different                -> `narrower`  ("myocardial infarction" against "inferior myocardial infarction")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from suprem.concepts.abbreviations import expand

# guard -> value -> the words that state it. Values of one guard exclude each other.
_PROPERTIES: dict[str, dict[str, str]] = {
    "degree": {"first": "first degree", "second": "second degree", "third": "third degree"},
    "block type": {"mobitz i": "mobitz type i", "mobitz ii": "mobitz type ii"},
    "side": {"left": "left(?:ward)?", "right": "right(?:ward)?", "both": "biventricular|biatrial|bilateral"},
    "site": {
        "bundle branch": "bundle branch",
        "fascicle": "(?:bi|tri)?fascicular|fascicle",
        "av": "atrioventricular block|atrioventricular conduction",
        "dissociation": "dissociation",
        "sinoatrial": "sinoatrial",
        "ventricles": "intraventricular|within the ventricles",
    },
    "completeness": {"complete": "complete(?:ly)?|full|total", "incomplete": "incomplete(?:ly)?|partial"},
    "direction": {
        "elevation": "(?<!non st )elevation|elevated|raised|upward|upsloping",
        "depression": "depression|depressed|lowering|lowered|downward|downsloping",
        "non-elevation": "non st elevation",
    },
    "amplitude": {
        "high": "high(?! lateral)|higher|tall|increased|large|peaked|hyperacute",
        "low": "low|lower voltage|small|reduced|decreased|flat(?:tened|tening)?",
        "inverted": "inverted|inversion|negative(?! for)|negativity|upside down|opposite",
        "biphasic": "biphasic",
        "upright": "upright|positive t",
    },
    "duration": {
        "prolonged": "prolonged|prolongation|long|lengthened|extended|extension|wide|widened|widening",
        "short": "short|shortened|shortening|narrow",
    },
    "age": {"acute": "acute|recent|hyperacute|evolving|fresh", "old": "old|previous|prior|chronic|healed|remote"},
    "cause": {
        "infarction": "infarction|necrosis|necrotic",
        "ischemia": "ischemia|ischemic|blood supply",
        "injury": "injury|damage",
        "aneurysm": "aneurysm",
        "digitalis": "digitalis",
        "electrolyte": "electrolytes?|metabolic|drug|medication|(?:hypo|hyper)(?:kal|calc)emia",
        "nonspecific": "nonspecific",
        "nondiagnostic": "nondiagnostic|not diagnostic|(?:without|no) diagnostic",
        "early repolarization": "early repolarization",
        "pericarditis": "pericarditis",
    },
    "course": {"paroxysmal": "paroxysmal|episodic|attacks|intermittent", "lasting": "persistent|permanent|chronic"},
    "beat": {"premature": "premature|ectopic|(?:extra|early) beats?", "escape": "escape", "fusion": "fusion"},
    "grouping": {
        "bigeminy": "bigeminy|bigeminal|every second beat|alternating",
        "trigeminy": "trigeminy|trigeminal|every third beat|two normal beats",
        "quadrigeminy": "quadrigeminy|quadrigeminal",
        "couplet": "couplets?|paired",
    },
    "form": {
        "uniform": "unifocal|uniforme?|monomorphic",
        "multiform": "multifocal|multiforme?|polymorphic|pleomorphic",
    },
    "persistence": {"sustained": "sustained", "nonsustained": "nonsustained|non sustained"},
    "response": {
        "rapid": "(?:rapid|fast|high) ventricular (?:response|rate)",
        "slow": "(?:slow|low) ventricular (?:response|rate)",
        "controlled": "controlled ventricular (?:response|rate)",
    },
    "layer": {
        "subendocardial": "subendocardial|inner layer",
        "subepicardial": "subepicardial|outer layer",
        "transmural": "transmural",
    },
    "level": {
        **{f"low {salt}": f"hypo{salt}emia" for salt in ("kal", "calc", "magnes", "natr")},
        **{f"high {salt}": f"hyper{salt}emia" for salt in ("kal", "calc", "magnes", "natr")},
    },
    "regularity": {"regular": "regular", "irregular": "irregular(?:ly)?"},
    "progression": {
        "poor": "(?:poor|late|delayed|slow|reduced|absent) r? ?(?:waves? )?(?:progression|transition)",
        "early": "early (?:precordial )?(?:qrs |r ?s? )?(?:waves? )?(?:progression|transition)",
    },
    "shape": {"concave": "concave", "convex": "convex"},
    "rotation": {"clockwise": "(?<!counter )clockwise", "counterclockwise": "counterclockwise|counter clockwise"},
    "load": {
        "strain": "(?<!atrial )(?:strain|stress)",
        "hypertrophy": "hypertrophy|hypertrophic|thick|thickened|thickening",
    },
    # An ectopic focus in an atrium says nothing about the size of it.
    "atria": {
        "size": "(?:atrial|biatrial) (?:enlargement|dilatation|dilation|overload|hypertrophy|strain|load|abnormality)",
        "rhythm": "atrial (?:rhythm|tachycardia|bradycardia|arrhythmia|fibrillation|flutter|paced|pacing|premature|"
        "escape|ectopic|beats?|complex(?:es)?|focus|origin)|ectopic atrial",
    },
    "quadrant": {"extreme": "(?:superior|extreme|northwest) (?:electrical |heart |qrs )?axis"},
    "tachycardia": {
        "atrial": "atrial tachycardia",
        "junctional": "junctional tachycardia",
        "reentrant": "reentrant|reentry",
    },
    # One value: it contradicts nothing, but a "supraventricular rhythm" is not yet an arrhythmia.
    "disturbance": {"arrhythmia": "arrhythmia|dysrhythmia|irregular rhythm|rhythm disorder"},
    "pathway": {"accessory": "preexcitation|wolff|delta|accessory|kent"},
    "criterion": {"voltage": "voltages?|amplitude|sokolow"},
    "normality": {
        "normal": "(?<!otherwise )(?:normal|unremarkable|healthy|physiological|inconspicuous)"
        "(?! (?:ecg )?(?:except|apart|aside|but)\\b)",
        "normal but for something": "otherwise (?:normal|unremarkable|healthy|inconspicuous)|"
        "normal (?:ecg )?(?:except|apart|aside|but)",
        "borderline": "borderline(?: abnormal)?(?= ecg)",
        "abnormal": "abnormal(?:ity|ities)?|pathological|prolonged|inverted|tachycardia|bradycardia|arrhythmia|poor|"
        "(?:low|high) (?:qrs )?(?:voltage|amplitude)|"
        "fibrillation|flutter|hypertrophy|enlargement|infarction|ischemia|ischemic|injury|block|deviation|malfunction",
    },
}
# Often left unsaid without changing the finding: "(abnormal) Q wave", "(normal) sinus rhythm", "(transmural) infarct".
IMPLIED = frozenset({"normality", "layer", "regularity", "shape"})
"""Guards whose silence says nothing: what one text states and the other leaves open does not make it narrower."""
_ORIGINS = {
    "sinus": "sinus",
    "atrial": "atrial|atria|atrium|supraventricular|upper (?:heart )?chambers",
    "junctional": "junctional|nodal",
    "ventricular": "ventricular|ventricles?|idioventricular|lower (?:heart )?chambers",
}
_RHYTHMS = {
    "fibrillation": "fibrillation|quivering",
    "flutter": "flutter",
    "bradycardia": "bradycardia|bradycardic|slow|below",
    "tachycardia": "tachycardia|tachycardic|rapid|fast|accelerated",
    "paced": "paced|pacing|electronic|(?<!atrial )(?<!wandering )(?<!ectopic )(?<!junctional )(?<!nodal )pacemaker",
    "wandering": "wandering",
    "pause": "pause|arrest|standstill|asystole",
}
# Prefixes too, for compounds: "inferoposterolateral" states three walls.
_WALLS = {
    "anterior": r"antero|anterior|\bfront\b",
    "septal": "septal|septum",
    "lateral": r"(?<!bi)lateral|\bside\b",
    "inferior": r"infero|inferior|\blower\b",
    "posterior": r"postero|posterior|\bback\b",
    "apical": r"apical|\bapex\b",
}
_NO_WALL = re.compile(r"\b(?:lower (?:voltages?|amplitudes?|limit|chambers?|heart)|(?:left|right) side)\b")
_COMPONENT = re.compile(r"\b(?:p|q|r|t|u|delta)(?= waves?\b)|\bst-t\b|\b(?:pr|qt|qrs|st|t)\b")
_OTHER_COMPONENT = re.compile(
    r"\b(?:(?:qrs(?: waves?)? )?axis|qrs-?(?: t)?-?t? angle|r(?: waves?)? progression|transition zone)\b"
)
_AXIS_OF_WAVE = re.compile(r"\b([pt])(?: waves?)? axis\b")
_NEGATION = re.compile(
    r"\b(?:no|not|without|absent|absence|negative for|free of|never|neither|nor|denies|denied|ruled out|excluded|"
    r"lacks?|lacking|missing|non(?= q waves?| sinus)|kein|keine|ohne)\b(?! diagnostic| limited)"
)
_FAILURE = re.compile(r"\b(?:failure|fail(?:s|ing)|malfunction|dysfunction|loss of|under ?sensing|over ?sensing)\b")
_UNDECIDED = re.compile(r"\b(?:can ?not|not)(?: be)? (?:excluded|exclude|ruled out|rule out)\b")


def conflict(a: str, b: str) -> str | None:
    """Return the name of the guard that keeps the two texts apart, None when no guard does."""
    ours, theirs = properties(a), properties(b)
    # Most texts state three or four of the thirty properties; a query is held against a thousand wordings.
    return next((guard for guard, values in ours.items() if guard in theirs and not values & theirs[guard]), None)


def narrower(a: str, b: str) -> str | None:
    """Return the first property that one text states and the other leaves open or states in part, None when none is.

    One of the texts is then more specific than the other: nothing contradicts, but they are not one finding.
    """
    ours, theirs = properties(a), properties(b)
    stated = (guard for guard in _READERS if guard not in IMPLIED)
    return next((guard for guard in stated if ours.get(guard) != theirs.get(guard)), None)


def negated(text: str) -> bool:
    """Return whether the text says that something is absent."""
    return _negation(expand(text)) == {"negated"}


@lru_cache(maxsize=65536)
def properties(text: str) -> Mapping[str, frozenset[str]]:
    """Return what each guard reads from `text`: guard -> the values it states, for the guards that state something."""
    words = expand(text)
    stated = {guard: read(words) for guard, read in _READERS.items()}
    return {guard: values for guard, values in stated.items() if values}


def _negation(words: str) -> frozenset[str]:
    return frozenset({"negated" if _NEGATION.search(_UNDECIDED.sub(" ", words)) else "affirmed"})


def _rhythm(words: str) -> frozenset[str]:
    found = _rhythms(words)
    if "paced" in found and _FAILURE.search(words):
        return frozenset({"pacing failure"})
    if found or not re.search(r"\bsinus\b", words):
        return found
    # "Sinus rhythm" excludes "sinus tachycardia", while "atrial rhythm" says nothing about its rate.
    if re.search(r"arrhythmia|irregular|varying", words):
        return frozenset({"irregular"})
    return frozenset({"regular"} if "rhythm" in words else ())


def _origin(words: str) -> frozenset[str]:
    return _origins(re.sub(r"ventricular (?:response|rate)|above the ventricles", " ", words))


def _wall(words: str) -> frozenset[str]:
    # All walls together are a value of their own: inferolateral is neither inferior nor lateral, while
    # "inferior and lateral" may mean either of them or both.
    stated = [
        [wall for wall, pattern in _WALLS.items() if re.search(pattern, word)]
        for word in _NO_WALL.sub("", words).split()
    ]
    together = [wall for wall in _WALLS if any(wall in walls for walls in stated)]
    return frozenset(" + ".join(walls) for walls in (together, *stated) if walls)


def _component(words: str) -> frozenset[str]:
    words = _AXIS_OF_WAVE.sub(r"\1 wave", words)  # the axis of a P wave is no axis of the heart
    words, others = _OTHER_COMPONENT.subn(" ", words)
    found = frozenset(_COMPONENT.findall(words))
    if others and not found:
        return frozenset({"axis or progression"})
    if found == {"st-t"} and not _directions(words) and _causes(words) <= {"nonspecific", "nondiagnostic"}:
        return found  # "ST-T changes" are neither changes of ST alone nor of T alone, "ST-T depression" is one of ST
    return frozenset(part for component in found for part in component.split("-"))


def _normality(words: str) -> frozenset[str]:
    # A wave is named where it is abnormal: "Q waves" are not "Q waves normal".
    return _normalities(words) or frozenset({"abnormal"} if _component(words) else ())


def _amplitude(words: str) -> frozenset[str]:
    found = _amplitudes(words)
    if found == {"biphasic"}:
        return found | {"changed"}  # always an abnormal T wave, where a tall one may be normal
    if found or not _component(words) & {"t", "qrs"} or not re.search(r"abnormal|chang", words):
        return found
    return frozenset({"changed"})  # abnormal otherwise: neither high nor low nor inverted


def _reader(values: Mapping[str, str]) -> Callable[[str], frozenset[str]]:
    patterns = {value: re.compile(rf"\b(?:{pattern})s?\b") for value, pattern in values.items()}
    return lambda words: frozenset(value for value, pattern in patterns.items() if pattern.search(words))


_amplitudes = _reader(_PROPERTIES["amplitude"])
_causes = _reader(_PROPERTIES["cause"])
_directions = _reader(_PROPERTIES["direction"])
_normalities = _reader(_PROPERTIES["normality"])
_origins = _reader(_ORIGINS)
_rhythms = _reader(_RHYTHMS)
_READERS: dict[str, Callable[[str], frozenset[str]]] = {
    "wall": _wall,
    **{guard: _reader(values) for guard, values in _PROPERTIES.items()},
    "amplitude": _amplitude,
    "normality": _normality,
    "origin": _origin,
    "rhythm": _rhythm,
    "component": _component,
    "negation": _negation,  # last, so that another difference is named before it
}
