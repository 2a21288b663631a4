"""`python -m tests.standins.moonfire`, or the one file in the image."""

import os
import sys

from tests.standins.moonfire.command_line import main

status = main()
sys.stdout.flush()
# Request threads may still hold connections; the real server does not wait for them either.
os._exit(status)
