"""Known vulnerabilities of an image: its SBOM against data that the user provides, offline.

`components` are what the SBOM names, `advisories` what a file of data says, and
`match` puts one against the other.  Nothing is sent or fetched.
"""
