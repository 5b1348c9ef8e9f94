"""The page "Cohort": many ECGs scored in the background, sorted, filtered, compared and opened."""
