# shellcheck shell=bash
# What of a copy has arrived so far, every five seconds on standard error, for whoever watches: progress.sh FOLDER.
# A program of its own, so that it dies with the verb that started it and holds no lock.
before=0
while sleep 5 && [ -d "$1" ]; do
  arrived=$(du -sb "$1" 2>/dev/null | cut -f1)
  printf 'copied %d bytes so far, %d bytes a second\n' "$arrived" "$(((arrived - before) / 5))" >&2
  before=$arrived
done
