import { type ConfigLine, type HostConfig, linesCommand, parseLines } from "../remote/host.ts";
import type { SshSession } from "../remote/ssh.ts";

/**
 * Two counterparts (the web hosts of two regions, their databases, …) are configured alike but for what is their place's
 * own. They differ where one region was rolled out with settings, or from files, that the other has not had.
 */
export interface Disparity {
  /** "primary/web-1" and "secondary/web-1". */
  host: string;
  other: string;
  path: string;
  /** What each says that the other doesn't: lines, or of a file with secrets only what they are values of. */
  here: string;
  there: string;
}

interface Pair {
  host: string;
  other: string;
  paths: string[];
}

const linesMs = 20_000;
/** Lines of one file and side that are told; of more their count. */
const mostLines = 3;
const noFile = "no such file";

/** Names what differs between counterparts, by what each host's look told. A second question goes to those that differ. */
export async function disparities(
  ssh: Pick<SshSession, "run">,
  configs: Readonly<Record<string, HostConfig>>,
): Promise<Disparity[]> {
  const all = pairsOf(configs).map(async ({ host, other, paths }) => {
    const [ours, theirs] = await Promise.all(
      [host, other].map((id) => askLines(ssh, id, configs[id], paths)),
    );
    return paths.flatMap((path) => {
      const told = ours == null || theirs == null ? unknownLines : compareLines(ours[path], theirs[path]);
      return told === null ? [] : [{ host, other, path, ...told }];
    });
  });
  return (await Promise.all(all)).flat();
}

const unknownLines = { here: "another content", there: "another content" };

/** Counterparts whose files differ by both digests: one is enough to be alike. A host that told nothing has none. */
export function pairsOf(configs: Readonly<Record<string, HostConfig>>): Pair[] {
  const hosts = Object.keys(configs).filter((id) => Object.keys(configs[id] ?? {}).length > 0);
  const partsOf = (id: string) => id.slice(id.indexOf("/"));
  const others = hosts.map((other) => ({
    host: hosts.find((id) => partsOf(id) === partsOf(other)) as string,
    other,
  }));
  return others
    .filter(({ host, other }) => host !== other)
    .map(({ host, other }) => ({
      host,
      other,
      paths: differing(configs[host] as HostConfig, configs[other] as HostConfig),
    }))
    .filter(({ paths }) => paths.length > 0);
}

function differing(ours: HostConfig, theirs: HostConfig): string[] {
  const paths = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
  return paths.filter((path) => !alike(ours[path], theirs[path]));
}

const alike = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
  a !== undefined && b !== undefined && a.some((digest, i) => digest === b[i]);

/** Null where they can't be had: then it is said that there is a difference, and not which. */
async function askLines(
  ssh: Pick<SshSession, "run">,
  host: string,
  config: HostConfig | undefined,
  paths: readonly string[],
): Promise<Record<string, ConfigLine[]> | null> {
  const there = paths.filter((path) => config?.[path] !== undefined);
  if (there.length === 0) return {};
  try {
    const { exitCode, stdout } = await ssh.run(host, linesCommand(there), { timeoutMs: linesMs });
    return exitCode === 0 ? parseLines(stdout) : null;
  } catch {
    return null;
  }
}

/** What each side says that the other does not, wherever in the file; null where all lines are alike. */
export function compareLines(
  ours: readonly ConfigLine[] | undefined,
  theirs: readonly ConfigLine[] | undefined,
): Pick<Disparity, "here" | "there"> | null {
  if (ours === undefined || theirs === undefined)
    return { here: ours === undefined ? noFile : "there", there: theirs === undefined ? noFile : "there" };
  const here = without(ours, theirs);
  const there = without(theirs, ours);
  return here.length + there.length === 0 ? null : { here: told(here), there: told(there) };
}

/** Each line of the one takes away one line of the other that is the same, as it is or in neutral words. */
function without(lines: readonly ConfigLine[], other: readonly ConfigLine[]): string[] {
  const left = [...other];
  return lines.flatMap(([text, ...digests]) => {
    const same = left.findIndex(([, ...others]) => alike(digests, others));
    if (same === -1) return [text];
    left.splice(same, 1);
    return [];
  });
}

function told(lines: readonly string[]): string {
  if (lines.length === 0) return "no such line";
  const more = lines.length > mostLines ? ` and ${lines.length - mostLines} more` : "";
  return `${lines
    .slice(0, mostLines)
    .map((line) => `"${line}"`)
    .join(", ")}${more}`;
}
