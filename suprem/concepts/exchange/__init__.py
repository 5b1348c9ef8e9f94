"""A mapping in the formats of other systems, out and in: Usagi CSV, SSSOM TSV, FHIR R4 ConceptMap."""
