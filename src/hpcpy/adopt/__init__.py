"""From conda: bake what an environment asks for into an image (docs/from-conda.md)."""
