import { quote } from "../../../automation/remote/shell.ts";

/** What a host's logs hold: lines with one of the texts, and with each control that was put there first. */
export interface LogSearch {
  bytes: number;
  lines: number;
  controls: { journal: number; file: number; packed: number };
}

interface Options {
  texts: readonly string[];
  /** A made-up word of this run alone. It is written where logs stand, so that the search proves what it would find. */
  control: string;
  /** Where log files lie, and where their text may stand meanwhile. */
  logs?: string;
  scratch?: string;
}

/**
 * Bash for a host, by standard input of a root shell: the texts stand in no argument. Prints a LogSearch. What another
 * test logged on purpose is left out by its tag.
 */
export function logSearchScript({ texts, control, logs = "/var/log", scratch = "/run" }: Options): string {
  const word = (text: string) => quote([text]);
  return `mapfile -t texts <<'TEXTS'
${texts.join("\n")}
TEXTS
control=${word(control)} logs=${word(logs)} all=${word(`${scratch}/logs-of-proof`)}
logger -t evenkeel-control "$control-journal"
journalctl --sync
printf '%s\\n' "$control-file" >"$logs/evenkeel-control.log"
printf '%s\\n' "$control-packed" | gzip >"$logs/evenkeel-control.log.gz"
{
  journalctl --no-pager -q -o short | grep -v ' oops\\['
  find "$logs" -type f -size -50M ! -path '*/journal/*' -exec zcat -f {} +
} >"$all"
count() { grep -acF -f <(printf '%s\\n' "$@") "$all"; }
printf '{"bytes":%s,"lines":%s,"controls":{"journal":%s,"file":%s,"packed":%s}}\\n' "$(wc -c <"$all")" \\
  "$(count "\${texts[@]}")" "$(count "$control-journal")" "$(count "$control-file")" "$(count "$control-packed")"
rm "$all" "$logs/evenkeel-control.log" "$logs/evenkeel-control.log.gz"
`;
}
