import { exitCodes, UserError } from "../errors.ts";
import { openShell } from "./shell.ts";

export interface LogsArgs {
  site: string;
  host?: string | undefined;
  unit?: string | undefined;
  since?: string | undefined;
  lines: number;
  follow: boolean;
}

/** `evenkeel logs HOST`: the host's own journal. Returns journalctl's exit code. */
export async function showLogs(args: LogsArgs): Promise<number> {
  const words = journalWords(args);
  return await openShell({
    verb: "logs",
    site: args.site,
    host: args.host,
    command: ["sudo", "-n", ...words],
  });
}

/** The journalctl command for the flags of `logs`. Throws a usage error that names the flag. */
export function journalWords({ unit, since, lines, follow }: Omit<LogsArgs, "site" | "host">): string[] {
  if (!Number.isInteger(lines) || lines < 1 || lines > 100_000) {
    throw usage(`--lines must be a whole number from 1 to 100000, got ${lines}`, "--lines 100");
  }
  if (unit !== undefined && !/^[\w.@:*-]+$/.test(unit))
    throw usage(`"${unit}" is no unit's name`, "--unit nginx");
  if (since !== undefined && !isTime(since)) {
    throw usage(`--since ${JSON.stringify(since)} is no time`, '--since "10 minutes ago"');
  }
  return [
    "journalctl",
    "--no-pager",
    "--output=short-iso",
    `--lines=${lines}`,
    // Logins and sudo, this one's own among them, are those of the unit ssh: they would hide everything else.
    ...(unit === undefined ? [`--facility=${withoutLogins}`] : [`--unit=${unit}`]),
    ...(since === undefined ? [] : [`--since=${since}`]),
    ...(follow ? ["--follow"] : []),
  ];
}

/** Words that stand for a time by themselves, and those that stand beside digits: systemd.time(7). */
const moments = /^(?:now|today|yesterday|tomorrow)$/;
const timeWords = [
  /^(?:usec|us|msec|ms|seconds?|sec|s|minutes?|min|m|hours?|hr|h|days?|d|weeks?|w|months?|M|years?|y)$/,
  /^(?:ago|left|T|Z|[A-Z]{3,5})$/,
  /^(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?$/i,
];

/** Whether journalctl may understand it; what is no time by its words alone never gets as far as a host. */
function isTime(text: string): boolean {
  if (!/^[\w:+. -]+$/.test(text)) return false;
  const words = text.match(/[A-Za-z_]+/g) ?? [];
  const known = words.every((word) => [moments, ...timeWords].some((form) => form.test(word)));
  return known && isClockAndDate(text) && (/\d/.test(text) || words.some((word) => moments.test(word)));
}

/** No hour 25, no 31st of a 13th month: journalctl ends with 1 for them, as it does where a host is at fault. */
function isClockAndDate(text: string): boolean {
  const within = (parts: readonly (string | undefined)[], limits: readonly (readonly [number, number])[]) =>
    limits.every(
      ([least, most], i) => Number(parts[i] ?? least) >= least && Number(parts[i] ?? least) <= most,
    );
  const clocks = [...text.matchAll(/(\d+):(\d+)(?::(\d+))?/g)];
  const dates = [...text.matchAll(/(\d+)-(\d+)-(\d+)/g)];
  return (
    clocks.every(([, ...parts]) =>
      within(parts, [
        [0, 23],
        [0, 59],
        [0, 59],
      ]),
    ) &&
    dates.every(([, _year, ...parts]) =>
      within(parts, [
        [1, 12],
        [1, 31],
      ]),
    )
  );
}

/** All facilities of syslog(3) but auth and authpriv. */
const withoutLogins = ["kern", "user", "mail", "daemon", "syslog", "lpr", "news", "uucp", "cron", "ftp"]
  .concat(Array.from({ length: 8 }, (_, i) => `local${i}`))
  .join(",");

function usage(what: string, example: string): UserError {
  return new UserError({ what, next: `for example ${example}`, exitCode: exitCodes.usage });
}
