import { exitCodes, UserError } from "../errors.ts";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a flag's "90s", "30m", "2h" or "7d". A usage error (2) for anything else, for none at all, and beyond `most`. */
export function durationSeconds(flag: string, given: string, { most }: { most: string }): number {
  const seconds = secondsOf(given);
  if (seconds !== null && seconds >= 1 && seconds <= (secondsOf(most) ?? 0)) return seconds;
  throw new UserError({
    what: `${flag} takes a duration such as 90s, 30m or 2h, at most ${most}, got "${given}"`,
    next: `give the command again with ${flag} 30m`,
    exitCode: exitCodes.usage,
  });
}

function secondsOf(text: string): number | null {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return count === undefined || unit === undefined ? null : Number(count) * (unitSeconds[unit] ?? 0);
}
