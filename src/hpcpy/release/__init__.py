"""A folder that a centre can check without us: image, SBOM, provenance, hashes, signatures."""
