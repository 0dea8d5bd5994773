"""From pins to images: rootfs, parts, OCI archive, SIF."""
