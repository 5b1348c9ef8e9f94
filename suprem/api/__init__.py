"""What `import suprem` offers to Python programs: a model that scores, its results, its features."""
