"""Reports cut into statements: the unit that repeats across reports, so that each is read once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from suprem.reports.languages import abbreviations

# The semicolon of an HTML entity (PTB-XL's "st &amp; t") ends nothing.
# A question mark belongs to the words it doubts and stays with them.
# "AV-Block II. Grades" and "V. a." ("Verdacht auf") end nothing either.
_END = re.compile(
    r"(?<=[\w)])\?{1,9}(?=\s|$)(?!\s{1,3}(?:vs|versus|or)\b)"
    r"|(?:[.!](?!\s{1,3}[Gg]rad)(?!(?<=\b[AaSsVv]\.)\s{0,2}(?:[Ff][Ii][Bb]|[Ff]lut|[Tt]ach|[Bb]rady))(?<!\b[VvZz]\.)(?<!\b[VvZz]\.\s[AaNn]\.)(?<!\b[VvZz]\.[AaNn]\.)"
    r"|(?<!&amp)(?<!&#39)(?<!&[lg]t)(?<!&quot);)+(?=\s|$)|[\r\n]+"
)
# A machine's criterion stands behind a row of dots on the line of its statement, and stays with it.
_LEADERS = 5
_MORE_ON_LINE = re.compile(r"[^\S\r\n]{0,9}\S")
_LAST_WORD = re.compile(r"([^\W\d_]+)\Z")
# PTB-XL's editors appended their label codes to some reports; they are not words of the report.
_TRAILER = re.compile(r"\b(?:Edit|consensus label derived from):.*\Z", re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """A stretch of a report without surrounding blanks; `start` is its first character in the report."""

    text: str
    start: int


def _ends_answer(body: str, begin: int, word: re.Match[str], end: re.Match[str]) -> bool:
    """Whether "no." answers ("LBBB: no. Sinus rhythm") and is not the short form of number ("tracing no. 2")."""
    following = body[end.end() :].lstrip()[:1]
    return word.group().lower() == "no" and not following.isdigit() and word.start() > begin


def split_statements(report: str) -> list[Statement]:
    """Cut a report at full stops (not at those of abbreviations), semicolons and line ends."""
    body = _TRAILER.sub("", report)
    short = abbreviations()
    pieces: list[Statement] = []
    begin = 0
    for end in [*_END.finditer(body), None]:
        stop = len(body) if end is None else end.start()
        if end is not None and end.group().count(".") >= _LEADERS and _MORE_ON_LINE.match(body, end.end()):
            continue
        if end is not None and end.group() == ".":
            word = _LAST_WORD.search(body, begin, stop)
            if word is not None and word.group().lower() in short and not _ends_answer(body, begin, word, end):
                continue
        if end is not None and end.group().startswith("?"):
            stop = end.end()
        text = body[begin:stop].strip()
        if text:
            pieces.append(Statement(text, body.index(text, begin)))
        begin = stop if end is None else end.end()
    return pieces
