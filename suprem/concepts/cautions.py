"""What an ECG model cannot answer: outcomes, history, who the patient is, absence, several findings, other topics."""

from __future__ import annotations

import re
from functools import cache

from suprem.concepts.abbreviations import WORDINGS, expand
from suprem.concepts.guards import negated
from suprem.concepts.vocabulary import Vocabulary

# What a resting ECG does not show, by the words that ask for it. Searched in this order; the first that fits is said.
_CAUTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"\b(?:risk|prognosis|mortality|death|dying|dies?|surviv(?:e|al)|will|future|predict\w*|outcome|incident|"
            r"readmission|within (?:\d+|one|five|ten) (?:days?|months?|years?)|develop(?:s|ing)?)\b"
        ),
        "This asks for an outcome; the model was trained on findings in the ECG and cannot foresee.",
    ),
    (
        re.compile(
            r"\b(?:history|family|previously|status post|known|diagnosed|treated|treatment|therapy|taking|medication|"
            r"on (?:digitalis|amiodarone|sotalol|flecainide|beta ?blockers?|warfarin|drugs?)|after (?:surgery|ablation|"
            r"bypass|pci)|symptoms?|chest pain|dyspnea|syncope|palpitations)\b"
        ),
        "This asks for the patient's history, symptoms or treatment; the model was trained on findings in the ECG.",
    ),
    (
        re.compile(
            r"\b(?:(?:fe)?males?|(?:wo)?m[ae]n|boy|girl|sex|gender|aged|years? old|how old|pregnan\w*|ethnic\w*|"
            r"(?<!unknown )(?<!undetermined )age(?! (?:undetermined|indeterminate|uncertain|unknown)))\b"
        ),
        "This asks who the patient is; the model was trained on findings in the ECG.",
    ),
)
_NEGATED = (
    "This asks for the absence of a finding; the model does not understand negation. "
    "Ask for the finding itself and read a low score."
)
_SEVERAL = "This names more than one finding ({}); write one a line to get a score for each."
_UNKNOWN = "No word of this is known from ECG reading in English; the score has no meaning."
_CONJUNCTION = re.compile(r"[,;/+&]|\b(?:and|or|with|plus)\b", re.IGNORECASE)


def caution(text: str, vocabulary: Vocabulary) -> str | None:
    """Return one sentence where `text` asks what scores of ECG findings cannot answer, else None."""
    words = expand(text)
    for pattern, sentence in _CAUTIONS:
        if pattern.search(words):
            return sentence
    if negated(text):
        return _NEGATED
    parts = {concept.name for part in _CONJUNCTION.split(text) if (concept := vocabulary.lookup(part)) is not None}
    if len(parts) > 1:
        return _SEVERAL.format(", ".join(sorted(parts)))
    return None if _ecg_words(vocabulary) & set(words.split()) else _UNKNOWN


@cache
def _ecg_words(vocabulary: Vocabulary) -> frozenset[str]:
    words = {word for text in vocabulary.texts for word in text.split() if word[0].isalpha()}
    return frozenset(words.union(WORDINGS["ecg_words"]).difference(WORDINGS["everyday_words"]))
