"""An image's software bill of materials, made in the image, with nothing of hpcpy but this."""
