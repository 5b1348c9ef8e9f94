"""The network of the paper (sections 3.2 and A.4). Tensors only: it knows no files, records or text.

Axes in every signature: batch, lead, time (samples), patch (0.25 s), token (one patch of one lead), width, query.
"""
