"""What `pipelines.benchmark` measures, one module for each group of figures."""
