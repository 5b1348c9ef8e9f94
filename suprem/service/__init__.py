"""The HTTP interface: the same scores, behind the same gate, for other programs of a hospital."""
