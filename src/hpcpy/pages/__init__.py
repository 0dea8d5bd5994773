"""The built pages: README and docs as HTML, to be read without a network."""
