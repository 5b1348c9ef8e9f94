"""The picture that is seen first lies where the interactive trace will be drawn over it."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from defusedxml import ElementTree

from suprem.paper.layout import Layout, PaperScale, lay_out
from suprem.web.ecg_paper.ecg_figure import ecg_figures
from suprem.web.ecg_paper.ecg_paper import HALF_PIXELS, MARGIN, PAPER_PIXELS
from suprem.web.read_ecg.first_sight import first_sight
from tests.tiny import ecg


@pytest.mark.parametrize("pixels", [PAPER_PIXELS, HALF_PIXELS])
@pytest.mark.parametrize("layout", [Layout.COLUMNS, Layout.FULL_LENGTH])
def test_picture_and_plot_have_one_place_and_scale(layout: Layout, pixels: int) -> None:
    record, scale = ecg(seed=2), PaperScale()
    html = first_sight(record, lay_out(layout, record.seconds, scale), 0.0, "", pixels)
    (figure,) = ecg_figures(record, layout=layout, pixels=pixels)
    assert f"height: {figure.layout.height}px" in html
    svg = base64.b64decode(html.partition("base64,")[2].partition('"')[0])
    tree = ElementTree.fromstring(svg)
    size = [float(number) for number in tree.get("viewBox").split()[2:]]
    pixel = (pixels + MARGIN["l"] + MARGIN["r"]) / size[0]  # of the page, in a unit of the picture
    assert size[1] * pixel == pytest.approx(figure.layout.height, abs=1)
    node = next(node for node in tree.iter() if node.get("id") == "lead V6")
    path = next(one for one in node.iter() if one.tag.endswith("path")).get("d")
    drawn = np.array(re.findall(r"[ML] (-?[\d.e-]+) (-?[\d.e-]+)", path), float) * pixel
    trace = next(trace for trace in figure.data if trace.meta.get("lead") == "V6")
    x, y = figure.layout.xaxis, figure.layout.yaxis
    across = pixels / (x.range[1] - x.range[0])
    expected = MARGIN["l"] + (np.array(trace.x) - x.range[0]) * across
    heights = MARGIN["t"] + (y.range[1] - np.array(trace.y)) * across
    assert drawn[0] == pytest.approx([expected[0], heights[0]], abs=0.6)
    assert drawn[-1] == pytest.approx([expected[-1], heights[-1]], abs=0.6)
    # Samples are left out, and what is drawn keeps within half a pixel of the trace.
    assert len(drawn) < len(trace.x)
    np.testing.assert_allclose(drawn[:, 1], np.interp(drawn[:, 0], expected, heights), atol=1.5)
    assert drawn[:, 1].min() == pytest.approx(heights.min(), abs=0.6)
