"""Packages that scientists use, in virtual environments on the image: `hpcpy test-packages`."""
