#!/bin/sh
# The command `referrals`. make copies it to .venv/bin, so it runs in the repository that has this .venv.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
PYTHONPATH="$root/functions:$root" exec "$(dirname "$0")/python" -m cli "$@"
