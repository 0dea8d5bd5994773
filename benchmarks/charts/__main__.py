"""Draw a report: ``python3 -m charts REPORT PICTURE``, in a folder that has a copy of this."""

import json
import sys
from pathlib import Path

from charts.pictures import PICTURES

report = json.loads(Path(sys.argv[1]).read_text())
PICTURES[report["benchmark"]](Path(sys.argv[2]), report)
