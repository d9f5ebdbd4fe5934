"""A child that dies as a crashed compiler would: by SIGSEGV."""

import os
import signal

os.kill(os.getpid(), signal.SIGSEGV)
