# shellcheck shell=bash
# What of a copy has arrived so far, for whoever watches: progress.sh FOLDER FILE. Every five seconds on standard error,
# every second in the file, which status tells (and says nothing of one that is old). A program of its own, so that it
# dies with the verb that started it and holds no lock.
before=0 seconds=0
while sleep 1 && [ -d "$1" ]; do
  arrived=$(du -sb "$1" 2>/dev/null | cut -f1)
  seconds=$((seconds + 1))
  printf '{"bytes":%d,"bytesPerSecond":%d}\n' "$arrived" "$((arrived - before))" >"$2.new" && mv -f "$2.new" "$2"
  [ $((seconds % 5)) -ne 0 ] || printf 'copied %d bytes so far, %d bytes a second\n' "$arrived" "$((arrived - before))" >&2
  before=$arrived
done
