"""The colours of ECG paper, which no theme of a page changes."""

PAPER = "#fffdfb"
MINOR_GRID = "#f8e0db"
MAJOR_GRID = "#ecb5aa"
INK = "#16181d"
QUIET_INK = "#5b616e"
