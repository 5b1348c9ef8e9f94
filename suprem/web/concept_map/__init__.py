"""The page "Concept map": review, thresholds with preview, clusters, versions, reviewers and the audit log."""
