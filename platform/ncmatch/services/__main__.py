"""`python -m ncmatch.services`: for when Django itself does not start."""

import argparse
import sys

from ncmatch.services.console import add_arguments, run

parser = argparse.ArgumentParser(prog="python -m ncmatch.services")
add_arguments(parser)
given = parser.parse_args()
sys.exit(run(action=given.action, app=given.app, say=lambda line: print(line, flush=True)))
