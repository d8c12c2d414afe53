#!/bin/sh
# ssh runs this with its question as the only argument and reads the answer from standard output (SSH_ASKPASS).
# The answers lie in files that only this user can read; which ones, stands in the environment.
set -eu
# A question to be agreed to (a key's use, a host key): nobody is here to agree.
[ -z "${SSH_ASKPASS_PROMPT:-}" ] || exit 1
answer=${EVENKEEL_SSH_PASSWORD_FILE:-}
# The whole question, with the path that only this machine knows: a host that asks for a passphrase gets none.
if [ "${1:-}" = "Enter passphrase for key '${EVENKEEL_SSH_KEY:-}': " ]; then
  answer=${EVENKEEL_SSH_PASSPHRASE_FILE:-}
fi
[ -n "$answer" ] || exit 1
exec cat -- "$answer"
