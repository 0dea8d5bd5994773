"""Put the functions and data that a start needs side by side in the executable."""
