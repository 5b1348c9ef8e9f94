"""One normal form for cardiology text: abbreviations, spelling variants, degrees, German report words, lead groups.

General text encoders do not know cardiology abbreviations (cosine of "PACs" and "atrial premature complex" is about 0),
so every text is rewritten by `expand` before it is embedded or compared. `match_key` goes one step further and gives up
grammar and word order, to decide whether two texts name the same thing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Abbreviation -> words. A plural "s" is understood where the abbreviation has three letters or more.
_ABBREVIATIONS = {
    # rhythm
    "nsr": "normal sinus rhythm", "sr": "sinus rhythm", "sb": "sinus bradycardia", "sbrad": "sinus bradycardia",
    "stach": "sinus tachycardia", "af": "atrial fibrillation", "afib": "atrial fibrillation",
    "a fib": "atrial fibrillation", "afl": "atrial flutter", "aflt": "atrial flutter", "aflut": "atrial flutter",
    "a flutter": "atrial flutter", "paf": "paroxysmal atrial fibrillation", "fib": "fibrillation",
    "svt": "supraventricular tachycardia", "svtac": "supraventricular tachycardia",
    "psvt": "paroxysmal supraventricular tachycardia", "pat": "paroxysmal atrial tachycardia",
    "vt": "ventricular tachycardia", "vtach": "ventricular tachycardia", "v tach": "ventricular tachycardia",
    "nsvt": "nonsustained ventricular tachycardia", "vf": "ventricular fibrillation", "vfib": "ventricular fibrillation",
    "v fib": "ventricular fibrillation", "rvr": "rapid ventricular response", "svr": "slow ventricular response",
    "avnrt": "atrioventricular nodal reentrant tachycardia", "avrt": "atrioventricular reentrant tachycardia",
    "mat": "multifocal atrial tachycardia", "wap": "wandering atrial pacemaker", "jr": "junctional rhythm",
    "ajr": "accelerated junctional rhythm", "aivr": "accelerated idioventricular rhythm",
    "ivr": "idioventricular rhythm", "sss": "sick sinus syndrome", "snd": "sinus node dysfunction",
    "sarrh": "sinus arrhythmia", "tach": "tachycardia", "tachy": "tachycardia", "brady": "bradycardia",
    # premature and escape beats
    "pvc": "ventricular premature complex", "vpc": "ventricular premature complex",
    "vpb": "ventricular premature complex", "pvb": "ventricular premature complex",
    "ves": "ventricular premature complex", "veb": "ventricular premature complex",
    "pac": "atrial premature complex", "apc": "atrial premature complex", "apb": "atrial premature complex",
    "pab": "atrial premature complex", "aes": "atrial premature complex",
    "sves": "supraventricular premature complex", "svpb": "supraventricular premature complex",
    "svpc": "supraventricular premature complex", "sveb": "supraventricular premature complex",
    "pjc": "junctional premature complex", "jpc": "junctional premature complex",
    # conduction
    "bbb": "bundle branch block", "rbbb": "right bundle branch block", "lbbb": "left bundle branch block",
    "irbbb": "incomplete right bundle branch block", "ilbbb": "incomplete left bundle branch block",
    "crbbb": "complete right bundle branch block", "clbbb": "complete left bundle branch block",
    "rbb": "right bundle branch", "lbb": "left bundle branch",
    "lafb": "left anterior fascicular block", "lahb": "left anterior fascicular block",
    "lah": "left anterior fascicular block", "lanfb": "left anterior fascicular block",
    "lpfb": "left posterior fascicular block", "lphb": "left posterior fascicular block",
    "lph": "left posterior fascicular block", "hemiblock": "fascicular block",
    "ivcd": "intraventricular conduction disturbance", "nsivcd": "nonspecific intraventricular conduction disturbance",
    "nsivcb": "nonspecific intraventricular conduction disturbance", "ivcb": "intraventricular conduction disturbance",
    "avb": "atrioventricular block", "av": "atrioventricular", "a v": "atrioventricular",
    "iavb": "first degree atrioventricular block", "1avb": "first degree atrioventricular block",
    "2avb": "second degree atrioventricular block", "3avb": "third degree atrioventricular block",
    "chb": "third degree atrioventricular block", "complete heart block": "third degree atrioventricular block",
    "sa block": "sinoatrial block", "sab": "sinoatrial block", "wpw": "wolff parkinson white",
    # chambers, voltage, axis
    "lvh": "left ventricular hypertrophy", "rvh": "right ventricular hypertrophy",
    "bvh": "biventricular hypertrophy", "lv": "left ventricular", "rv": "right ventricular", "sv": "supraventricular",
    "lae": "left atrial enlargement", "rae": "right atrial enlargement", "lao": "left atrial enlargement",
    "rao": "right atrial enlargement", "lad": "left axis deviation", "rad": "right axis deviation",
    "lvolt": "low qrs voltages", "hvolt": "high qrs voltage", "hocm": "hypertrophic obstructive cardiomyopathy",
    # ischemia and infarction
    "mi": "myocardial infarction", "stemi": "st elevation myocardial infarction",
    "nstemi": "non st elevation myocardial infarction", "imi": "inferior myocardial infarction",
    "asmi": "anteroseptal myocardial infarction", "iwmi": "inferior myocardial infarction",
    "awmi": "anterior myocardial infarction", "cad": "coronary artery disease", "ihd": "ischemic heart disease",
    # waves, segments, intervals
    "twi": "t wave inversion", "std": "st depression", "ste": "st elevation", "stt": "st-t",
    "nsst": "nonspecific st", "nsstt": "nonspecific st-t", "prwp": "poor r wave progression",
    "lqt": "prolonged qt interval", "lqts": "long qt syndrome", "lngqt": "prolonged qt interval",
    "sqt": "short qt interval", "pq": "pr", "pq interval": "pr interval", "pq time": "pr interval",
    "qt time": "qt interval", "pr time": "pr interval", "p q": "pr", "p r": "pr", "q t": "qt",
    "erp": "early repolarization pattern",
    # general
    "ekg": "ecg", "electrocardiogram": "ecg", "electrocardiographic": "ecg", "wnl": "within normal limits",
    "hr": "heart rate", "dig": "digitalis", "w": "with", "c w": "consistent with", "d t": "due to", "s p": "status post",
    "r o": "rule out", "h o": "history of", "w o": "without", "2 2": "due to", "abn": "abnormal", "abnl": "abnormal",
    "abnorm": "abnormal", "poss": "possible", "prob": "probable", "incompl": "incomplete", "nonspec": "nonspecific",
    "pe": "pulmonary embolism", "ppm": "pacemaker",
}  # fmt: skip

# Wording -> wording: spelling, endings, vendor phrases and word order that encoders and readers would keep apart.
_WORDINGS = {
    "ischaemia": "ischemia", "ischaemic": "ischemic", "hypokalaemia": "hypokalemia", "hyperkalaemia": "hyperkalemia",
    "hypocalcaemia": "hypocalcemia", "hypercalcaemia": "hypercalcemia", "repolarisation": "repolarization",
    "dilation": "dilatation", "non specific": "nonspecific", "unspecific": "nonspecific",
    "uncharacteristic": "nonspecific", "non diagnostic": "nondiagnostic", "pre excitation": "preexcitation",
    "supra ventricular": "supraventricular", "intra ventricular": "intraventricular",
    "atrio ventricular": "atrioventricular", "inter ventricular": "interventricular",
    "antero septal": "anteroseptal", "antero lateral": "anterolateral", "infero lateral": "inferolateral",
    "infero posterior": "inferoposterior", "postero inferior": "inferoposterior", "posteroinferior": "inferoposterior",
    "infero postero lateral": "inferoposterolateral", "posterolateral": "posterolateral",
    "postero lateral": "posterolateral", "sub endocardial": "subendocardial", "wolf": "wolff",
    "auricular": "atrial", "digoxin": "digitalis", "infarct": "infarction", "infract": "infarction",
    "infraction": "infarction", "infarcts": "infarction", "heart attack": "myocardial infarction",
    "cardiac infarction": "myocardial infarction", "anterior septal": "anteroseptal",
    "no ecg abnormality": "normal ecg", "no abnormality": "normal ecg", "no abnormalities": "normal ecg",
    "ecg within normal limits": "normal ecg", "within normal limits": "normal ecg", "normal ecg ecg": "normal ecg",
    "left front bundle branch block": "left anterior fascicular block",
    "left back bundle branch block": "left posterior fascicular block",
    "left front fascicular block": "left anterior fascicular block",
    "left back fascicular block": "left posterior fascicular block",
    "front wall": "anterior wall", "side wall": "lateral wall", "lower wall": "inferior wall",
    "back wall": "posterior wall", "diaphragmatic": "inferior",
    "heart block": "atrioventricular block", "total atrioventricular block": "third degree atrioventricular block",
    "complete atrioventricular block": "third degree atrioventricular block",
    "qtc": "qt", "st t": "st-t", "st and t": "st-t", "st segment": "st", "st segments": "st", "st t wave": "st-t",
    "st-t wave": "st-t", "drop down": "depression", "tilt up": "elevation",
    "bigeminus": "bigeminy", "trigeminus": "trigeminy", "dysrhythmia": "arrhythmia",
    "tachyarrhythmia": "tachycardia", "fibrilation": "fibrillation", "tachycardie": "tachycardia",
    "bradycardie": "bradycardia", "p mitrale": "left atrial enlargement", "p pulmonale": "right atrial enlargement",
    "p sinistroatriale": "left atrial enlargement", "p sinistrocardiale": "left atrial enlargement",
    "p dextroatriale": "right atrial enlargement", "p dextrocardiale": "right atrial enlargement",
    # German words left over in translated reports
    "sinusrhythmus": "sinus rhythm", "sinustachykardie": "sinus tachycardia", "sinusbradykardie": "sinus bradycardia",
    "sinusarrhythmie": "sinus arrhythmia", "vorhofflimmern": "atrial fibrillation", "vorhofflattern": "atrial flutter",
    "linksschenkelblock": "left bundle branch block", "rechtsschenkelblock": "right bundle branch block",
    "kompletter": "complete", "inkompletter": "incomplete", "linkshypertrophie": "left ventricular hypertrophy",
    "rechtshypertrophie": "right ventricular hypertrophy", "normales": "normal", "normaler": "normal",
    "ventrikulaere": "ventricular", "supraventrikulaere": "supraventricular", "extrasystolen": "extrasystoles",
    "linksanteriorer": "left anterior", "linksposteriorer": "left posterior", "schrittmacher": "pacemaker",
    "niederspannung": "low voltage", "niedervoltage": "low voltage", "infarkt": "infarction",
    "inferiorer": "inferior", "anteriorer": "anterior", "anteroseptaler": "anteroseptal", "lateraler": "lateral",
    "hochlateraler": "high lateral", "ischaemie": "ischemia", "vorderwandinfarkt": "anterior myocardial infarction",
    "hinterwandinfarkt": "inferior myocardial infarction", "wahrscheinlich": "probable", "moeglich": "possible",
    "lagetyp normal": "normal axis", "position type normal": "normal axis", "linkstyp": "left axis",
    "left type": "left axis", "rechtstyp": "right axis", "right type": "right axis", "grades": "degree",
}  # fmt: skip

_BEAT = r"(?:complex(?:es)?|contractions?|beats?|heartbeats?|extrasystoles?|depolari[sz]ations?|systoles?)"
_ORIGIN = r"(ventricular|atrial|supraventricular|junctional)"
_FIRST, _SECOND, _THIRD = (r"(?:1st|first|1|i|one)", r"(?:2nd|second|2|ii|two)", r"(?:3rd|third|3|iii|three)")
_AVB = "atrioventricular block"
_THROUGH = r"(?: to | through | )v?"

# What needs a pattern: degrees, Mobitz types, premature beats in any word order, lead lists that name a wall.
_PATTERNS: tuple[tuple[str, str], ...] = (
    *(
        (pattern, replacement)
        for number, word in ((_FIRST, "first"), (_SECOND, "second"), (_THIRD, "third"))
        for pattern, replacement in (
            (rf"{number} (?:degree|grade|deg|dgr)", f"{word} degree"),
            (rf"(?:degree|grade) {number}", f"{word} degree"),
            (rf"{_AVB}(?: of)?(?: the)? {word} degree", f"{word} degree {_AVB}"),
            (rf"(?<!degree ){_AVB} {number}", f"{word} degree {_AVB}"),
            (rf"{number} {_AVB}", f"{word} degree {_AVB}"),
        )
    ),
    (rf"{_AVB} (?:mobitz )?(?:type )?(?:wenckebach|{_FIRST})(?: wenckebach)?", f"{_AVB} mobitz type i"),
    (rf"{_AVB} (?:mobitz )?(?:type )?{_SECOND}", f"{_AVB} mobitz type ii"),
    (rf"(?<!{_AVB} )mobitz (?:type )?{_SECOND}(?: (?:second degree )?{_AVB})?", f"second degree {_AVB} mobitz type ii"),
    (
        rf"(?<!{_AVB} )(?:mobitz (?:type )?{_FIRST}(?: wenckebach)?|wenckebach)(?: (?:second degree )?{_AVB})?",
        f"second degree {_AVB} mobitz type i",
    ),
    (rf"(?:premature|early|ectopic) {_ORIGIN} {_BEAT}", r"\1 premature complex"),
    (rf"{_ORIGIN} (?:premature|early|ectopic) {_BEAT}", r"\1 premature complex"),
    (rf"{_ORIGIN} (?:extrasystol(?:es?|y|ia)|ectopics?|ectopy|ectopies)", r"\1 premature complex"),
    (rf"(?:premature|ectopic|early) {_BEAT}|extra heartbeats?|extrasystol(?:es?|y)", "premature complex"),
    (r"block of (?:the )?(left|right) bundle branch", r"\1 bundle branch block"),
    (r"(?:leads? )?ii iii (?:and )?avf (?:and )?v5 (?:and )?v6", "inferolateral leads"),
    (r"(?:leads? )?ii iii (?:and )?avf", "inferior leads"),
    (rf"(?:leads? )?i (?:and )?avl (?:and )?v[34]{_THROUGH}6", "anterolateral leads"),
    (r"(?:leads? )?i (?:and )?avl (?:and )?v5 (?:and )?v?6", "lateral leads"),
    (rf"(?:leads? )?v1(?: v2)?{_THROUGH}[34]", "anteroseptal leads"),
    (r"lad (?=(?:occlusion|stenosis|lesion|territory|artery|coronary|disease|infarct))", "left anterior descending "),
)  # fmt: skip

# Three-letter words and longer: a whole phrase is an abbreviation only when it stands alone.
_ALONE = {"at": "atrial tachycardia", "sa": "sinus arrhythmia"}

# Words that carry no finding, and words that mean the same once the grammar is gone; used by `match_key` only.
_FILLER = frozenset(
    "a an the of in on at by for from to with and or is are was be this there that shows show showing seen noted met ecg "
    "suggests suggest suggestive suggesting consistent compatible evidence sign signs finding findings due has have "
    "wave waves segment segments interval lead leads wall pattern patterns present presence myocardial syndrome".split()
)
_STEMS = {
    "ventricle": "ventricular", "atrium": "atrial", "atria": "atrial", "septum": "septal", "fascicle": "fascicular",
    "ischemic": "ischemia", "tachycardic": "tachycardia", "bradycardic": "bradycardia", "infarcted": "infarction",
    "depressed": "depression", "elevated": "elevation", "raised": "elevation", "inversion": "inverted",
    "prolongation": "prolonged", "long": "prolonged", "lengthened": "prolonged", "extended": "prolonged",
    "extension": "prolonged", "abnormality": "abnormal", "abnormalitie": "abnormal", "abnormally": "abnormal",
    "flattening": "flat", "flattened": "flat", "completely": "complete", "full": "complete", "total": "complete",
    "incompletely": "incomplete", "partial": "incomplete", "blocked": "block", "blockage": "block",
    "dilatation": "enlargement", "dilated": "enlargement", "enlarged": "enlargement", "overload": "enlargement",
    "hypertrophied": "hypertrophy", "hypertrophic": "hypertrophy", "thickened": "thickening",
    "fibrillating": "fibrillation", "fluttering": "flutter", "paced": "pacing", "changed": "change",
    "alteration": "change", "pathologic": "abnormal", "pathological": "abnormal", "electrolytic": "electrolyte",
    "delay": "disturbance", "defect": "disturbance", "disorder": "disturbance",
    "amplitude": "voltage", "voltages": "voltage",
}  # fmt: skip

_MAX_PASSES = 8  # a rewritten text can match again; four passes suffice for every wording we know


def _phrase_pattern() -> re.Pattern[str]:
    plain = sorted({**_WORDINGS, **_ABBREVIATIONS}, key=len, reverse=True)
    alternatives = "|".join(
        re.escape(phrase) + ("s?" if phrase in _ABBREVIATIONS and len(phrase) > 2 else "") for phrase in plain
    )
    return re.compile(rf"(?<!\S)(?:{alternatives})(?!\S)")


_PHRASES = {**_WORDINGS, **_ABBREVIATIONS}
_PHRASE = _phrase_pattern()
_RULES = tuple((re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), replacement) for pattern, replacement in _PATTERNS)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "°": " degree ", "º": " degree ", "&": " and "})
_TOKEN = re.compile(r"\d+(?:[.:]\d+)+|[^\W_]+")


@lru_cache(maxsize=65536)
def expand(text: str) -> str:
    """Return `text` in the normal form that is embedded and compared: lower case, abbreviations as words.

    Punctuation goes, hyphens become spaces (except in "st-t"), German umlauts are written out. Applying it twice changes
    nothing more. Ambiguous abbreviations are read as an ECG reader would: AF is fibrillation, AFL flutter, MI
    infarction, LAD left axis deviation unless a coronary artery is meant.
    """
    words = _normal_words(text)
    words = _ALONE.get(words, words)
    for _ in range(_MAX_PASSES):
        before = words
        words = _PHRASE.sub(_spelled_out, words)
        for pattern, replacement in _RULES:
            words = pattern.sub(replacement, words)
        if words == before:
            break
    return words


def match_key(text: str) -> frozenset[str]:
    """Return the meaning-bearing words of `text`: equal keys name the same finding, whatever the word order."""
    words = {_stem(word) for word in expand(text).split()} - _FILLER
    return frozenset(words or expand(text).split())


def _normal_words(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.casefold().translate(_UMLAUTS)).replace("&amp;", " and ")
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"\((?:s|es|n|en)\)|['’`]", "", text)
    return " ".join(_TOKEN.findall(text))


def _spelled_out(match: re.Match[str]) -> str:
    phrase = match.group()
    return _PHRASES[phrase] if phrase in _PHRASES else _PHRASES[phrase[:-1]]


def _stem(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith("xes") else word[:-1]
    return _STEMS.get(word, word)
