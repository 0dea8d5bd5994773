"""What students get, solved: `workloads.exercise.tasks` tells how a file is written."""
