"""Colours that charts of several pages share."""

BAR = "#6f8598"
"""Of bars and ways between points: one neutral colour, since a bar is a rank or a count and no verdict."""
