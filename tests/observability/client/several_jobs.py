"""Submits jobs one after the other out of one client, so that Flink and Python are started once for all of them.

Usage: flink run -d -py several_jobs.py FILE=SOURCE...: files of pyflink_jobs without .py, with what it reads.
It lies in a folder of its own, which becomes the first place where Python looks for modules.
"""

import os
import sys
from importlib import import_module

for argument in sys.argv[1:]:
    file, source = argument.split("=")
    os.environ["CLICKSTREAM_SOURCE"] = source
    import_module(f"pyflink_jobs.{file}").main()
