"""Programs that ask one library and print the answer as a line of JSON: see `isolated`."""
