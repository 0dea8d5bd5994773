"""What every part stands on: errors, files, stages, processes, whom to trust."""
