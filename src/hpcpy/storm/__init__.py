"""Starts of Python by many ranks on a file system with a metadata server: ``make storm``.

`moosefs` says what its daemons read, `machines` starts them beside the local
cluster's nodes, `mounts` gives each node its own mount, `fill` brings files there,
`stats` reads what a mount counts and `network` what a device carries,
`configurations` are the ways to have Python there (`broadcast` is what one of them
needs), `programs` what a rank runs, `launch` starts the ranks, `watch` looks meanwhile,
`samples` are what came of it, `measure` takes all of them in turns, `images` has what
they are made of and `added` the packages of some programs, `record`, `report` and
`storm_chart` tell, `command` is what make calls.

At a site `site_script` writes a script, in whose job `at_site` takes the samples.
"""
