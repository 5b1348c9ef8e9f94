"""An empty review database of each kind."""

from tests.review_databases import _quick_commits, postgres, review_url, store

__all__ = ["_quick_commits", "postgres", "review_url", "store"]
