"""Vocabularies made from UMLS, SNOMED CT and plain tables, and the filter of cardiac terms."""
