"""Reading arrays back by their numbers: one file against many, text against binary."""
