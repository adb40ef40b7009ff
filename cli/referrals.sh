#!/bin/sh
# The command `referrals`. make copies this script to .venv/bin. It runs the code of the repository that contains .venv.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
PYTHONPATH="$root/functions:$root" exec "$(dirname "$0")/python" -m cli "$@"
