"""Run the command `referrals` without installing it: `python -m cli`."""

import sys

from cli.app import main

sys.exit(main())
