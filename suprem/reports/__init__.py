"""From report text to grounded entities: report tables, the rule extractor, the LLM extractor and their agreement."""
