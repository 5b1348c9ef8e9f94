"""The paper's Figure 10 as a word cloud: concepts in the size of their frequency."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from wordcloud import WordCloud

WIDTH, HEIGHT = 1200, 480
INKS = ("#1f3a5f", "#2b4ca0", "#4d6b8a", "#5f6b76", "#7a5c14")


def word_cloud(frequencies: Mapping[str, int], *, dark: bool = False) -> bytes:
    """Return a PNG picture of names in sizes that follow the square root of their counts, the same for the same input.

    The root keeps rare concepts legible beside "sinus rhythm"; the bars beside it give the counts themselves.
    """
    shown = {name: count**0.5 for name, count in frequencies.items() if count > 0}
    cloud = WordCloud(
        width=WIDTH,
        height=HEIGHT,
        background_color=None,
        mode="RGBA",
        prefer_horizontal=1.0,
        random_state=0,
        color_func=lambda word, **_: "#dbe4ec" if dark else INKS[len(word) % len(INKS)],
    ).generate_from_frequencies(shown)
    out = BytesIO()
    cloud.to_image().save(out, format="PNG")
    return out.getvalue()
