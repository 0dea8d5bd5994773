"""File systems that a process of ours serves, by the kernel's FUSE protocol."""
