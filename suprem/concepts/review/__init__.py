"""What reviewers decide about a mapping: worklist, decisions, agreement and export."""
