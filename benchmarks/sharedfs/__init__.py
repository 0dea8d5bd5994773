"""Starts of Python by many ranks on a file system with a metadata server: ``make storm``.

- The file system: `moosefs` writes what its daemons read, `machines` starts them beside
  the local cluster's nodes, `mounts` gives each node its own mount, `fill` copies files in.
- What starts: `configurations` are the ways to have Python there (`broadcast` is for one of
  them), `programs` what a rank runs, `images` and `added` what is in the images.
- A measurement: `command` is what make calls, `measure` takes all cases in turns, `launch`
  starts the ranks of one, `watch` looks on meanwhile; `stats` reads what a mount counts,
  `network` what a device carries.
- What came of it: `samples`, `record`, `report` and `storm_chart`.
- At a site: `site_script` writes a script, in whose job `at_site` takes the samples.
"""
