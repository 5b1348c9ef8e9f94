"""The page "Report entities": where reports come from, what they say, and the words it was read from."""
