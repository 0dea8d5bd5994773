"""Build the code image: modules' code as the objects that an import would make."""
