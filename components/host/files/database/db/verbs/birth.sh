# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The one birth of a site (writer.md, W2): refused where any host knows an epoch, impossible where one can't be asked.
verb_birth() {
  take_lock
  read_role
  ask_peers
  local known
  known=$(known_births)
  if [ "$REPORT" = true ]; then
    report_birth "$known"
    return
  fi
  refuse_while_fencing
  if [ "$ROLE$EPOCH" = active1 ] && [ "$(opening .verb)" = birth ] && [ "$known" = '[]' ]; then
    no_silent_peer
    open_database 1
    already_or_now true
  elif [ "$ROLE" != unseeded ] || [ "$EPOCH" -gt 0 ] || [ "$known" != '[]' ]; then
    already_or_now false
  else
    give_birth
    already_or_now true
  fi
}

# For those who know that the site was born once: nothing is made, whatever the answer.
report_birth() {
  if [ "$ROLE" = unseeded ] && [ "$EPOCH" -eq 0 ] && [ "$1" = '[]' ]; then
    local silent
    silent=$(silent_peers)
    [ -z "$silent" ] || refuse "${silent/#/no database host that answers knows of this site, and this one can\'t be asked: region }"
    refuse "the data of site '$SITE' is gone from every database host: none of them knows an epoch." \
      "restore a copy of the database; or destroy the site and provision it anew, which begins with an empty one"
  fi
  already_or_now false
}

known_births() { jq -c '[.[] | select(.status != null and (.status.epoch > 0 or .status.role != "unseeded"))]' <<<"$PEERS"; }

no_silent_peer() {
  local silent
  silent=$(silent_peers)
  [ -z "$silent" ] || refuse "${silent/#/the database host can\'t be asked, so another birth can\'t be excluded: region }"
}

give_birth() {
  no_silent_peer
  [ ! -e "$STATE/seeding" ] || refuse "a copy of another region's database was begun here: run evenkeel-db seed"
  ensure_running
  if [ "$(opening .verb)" != birth ]; then
    local foreign
    foreign=$(foreign_content)
    [ -z "$foreign" ] || refuse "the database is not empty: $foreign"
    mark_opening birth 1 started
  fi
  forget_wait
  make_contents
  open_database 1
}

# already_or_now BORN: the one answer, with what is known of the writer.
already_or_now() {
  read_role
  jq -cn --argjson born "$1" --arg role "$ROLE" --argjson epoch "$EPOCH" --arg region "$REGION" --argjson peers "$PEERS" '
    [{$region, status: {$role, $epoch}}] + [$peers[] | select(.status != null)]
    | {born: $born, epoch: (map(.status.epoch) | max), region: (map(select(.status.role == "active")) | max_by(.status.epoch) | .region? // null)}'
}
