"""How the model is learned: configuration, schedule, query sampling, the loop, and the folder a run leaves behind."""
