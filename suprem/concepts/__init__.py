"""From words to concepts: terms and their synonyms, text normalisation, guards, text encoders and typed queries."""
