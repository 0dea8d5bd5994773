"""Writing many arrays: one file against many, text against binary."""
