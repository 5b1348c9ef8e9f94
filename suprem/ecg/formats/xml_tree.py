"""XML that a stranger wrote: decoded whatever its encoding, parsed by `defusedxml` without entities, names stripped.

Entities are what makes XML dangerous (a small file that grows to gigabytes, or one that reads other files), and no ECG
needs them, so a file that declares any is refused. A document type that is only named, as GE MUSE does, is never
fetched.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from numpy.typing import NDArray

from suprem.ecg.formats.channels import check_sample_count
from suprem.errors import UnreadableEcg

_MAX_TAGS = 400_000
_DECLARATION = re.compile(r"^\s*<\?xml\s[^>]{0,200}\?>")
_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,20})[\"']")
_ENCODINGS = re.compile(
    r"utf-?8|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|(windows-|cp)125\d|gbk|gb2312|gb18030|big5|shift_jis|euc-(jp|kr)|koi8-r"
)
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
# Device exports carry them in free text although XML 1.0 forbids them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def decode_xml(data: bytes) -> str:
    """Return the text of an XML file: by its first bytes, then by its declaration, otherwise as UTF-8.

    Bytes that the encoding does not know become U+FFFD: they stand in free text, never in a signal.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").removeprefix("\ufeff")
    declared = _ENCODING.match(data)
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if not _ENCODINGS.fullmatch(encoding):  # also a declared UTF-16 in a file of single bytes
        encoding = "utf-8"
    try:
        return data.decode(encoding, errors="replace")
    except LookupError:
        return data.decode("latin-1")


def parse_xml(data: bytes, kind: str) -> Element:
    """Return the root of an XML file with the namespaces taken off all names.

    Args:
        data: The file.
        kind: What the file is, for the messages, for example "GE MUSE XML".

    Raises:
        UnreadableEcg: The file declares entities, has more parts than any ECG, or is not well-formed.
    """
    if data.count(b"<") > _MAX_TAGS:
        raise UnreadableEcg(
            f"The {kind} file has more than {_MAX_TAGS} tags, which no ECG of ten seconds needs; export a shorter one."
        )
    text = _CONTROL.sub("", _DECLARATION.sub("", decode_xml(data))).strip()
    try:
        root: Element = fromstring(text, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise UnreadableEcg(
            f"The {kind} file declares entities, which can hide other content; expected plain elements. "
            "Export it again without a document type definition."
        ) from None
    except (ParseError, ValueError) as error:  # the parser's own text quotes the file
        where = f" at line {error.position[0]}" if isinstance(error, ParseError) else ""
        raise UnreadableEcg(
            f"The {kind} file is damaged or cut off{where}; expected complete XML. Export it again."
        ) from None
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def text_of(element: Element | None, path: str = ".") -> str:
    """Return the text of the first descendant at `path`, "" where there is none."""
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def number(text: str | None) -> float | None:
    """Return the finite number a text states, with a decimal point or comma, else None."""
    if text is None or not re.fullmatch(r"\s*[+-]?(\d{1,30}([.,]\d{0,30})?|[.,]\d{1,30})([eE][+-]?\d{1,3})?\s*", text):
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None


def positive(text: str | None) -> float | None:
    """Return the positive number a text states, else None."""
    value = number(text)
    return value if value is not None and value > 0 else None


def number_row(text: str, kind: str) -> NDArray[np.float64]:
    """Return the numbers (time,) of a text that separates them by commas or white space.

    Raises:
        UnreadableEcg: The text holds something else, or more numbers than are read.
    """
    tokens = text.replace(",", " ").split()
    check_sample_count(1, len(tokens))
    try:
        return np.array(tokens, dtype=np.float64)
    except ValueError:
        raise UnreadableEcg(
            f"A lead of the {kind} file holds something else than numbers; it is damaged. Export it again."
        ) from None


def decode_base64(text: str, kind: str) -> bytes:
    """Return the bytes a base64 text stands for; white space is ignored, padding may be missing.

    Raises:
        UnreadableEcg: The text is not base64.
    """
    try:
        characters = "".join(text.split())
        return base64.b64decode(characters + "=" * (-len(characters) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableEcg(
            f"The waveform of the {kind} file is damaged or cut off; expected base64 text. Export it again."
        ) from None
