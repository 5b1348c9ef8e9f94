"""The objectives of the paper's Table 1 beside its own, one a file: what they compare or fill in, with their papers."""
