"""The log is tested in the database that reviewers write to."""

from tests.review_databases import _quick_commits, postgres, review_url, store

__all__ = ["_quick_commits", "postgres", "review_url", "store"]
