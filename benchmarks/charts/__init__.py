"""The pictures of the reports, drawn in an image."""
