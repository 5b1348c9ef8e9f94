"""From entities to concepts: clusters, guarded matches, versions with their label matrix, and their accuracy."""
