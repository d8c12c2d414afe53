import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "./errors.ts";
import { parseJournal } from "./history/journal-lines.ts";
import { defaultSite } from "./options.ts";
import { home, journalFile, siteConfig, sitePlace } from "./site.ts";

const mostRuns = 20;

/**
 * What may stand where the cursor is, where that is a name of this clone's own: a site, a region, a host. Null where
 * it isn't; then the words of the command line itself are offered. Read from files, so that it is quick and asks
 * nobody; a broken configuration offers nothing.
 *
 * @param given the words so far, "evenkeel" first, the one at the cursor last.
 */
export function namesFor(given: readonly string[], root = home): string[] | null {
  // bash splits --site=NAME in three.
  const words = given.filter((word, position) => word !== "=" || !given[position - 1]?.startsWith("--"));
  const before = words.at(-2) ?? "";
  if (before === "--site") return siteNames(root);
  const site = optionOf(words, "--site") ?? defaultSite;
  if (before === "--region") return [...regionNames(site, root), "global", "all"];
  if (before === "--to" || before === "--confirmed-off") return regionNames(site, root);
  if (before === "--confirm") return confirmsRegion(words) ? regionNames(site, root) : [site];
  const verb = verbBehindSite(words);
  if (verb === "ssh" || verb === "logs") return hostNames(site, root);
  if (verb === "resume" || verb === "reinstate") return regionNames(site, root);
  if (verb === "timeline") return runNames(site, root);
  return null;
}

const confirmsRegion = (words: readonly string[]) => words.includes("resume") || words.includes("failover");

/** The verb that the word at the cursor belongs to: the word before it, past a `--site` with its value. */
function verbBehindSite(words: readonly string[]): string | undefined {
  if (words.at(-1)?.startsWith("-")) return undefined;
  const before = words.slice(0, -1);
  for (;;) {
    if (before.at(-2) === "--site") before.splice(-2);
    else if (before.at(-1)?.startsWith("--site=")) before.splice(-1);
    else return before.at(-1);
  }
}

function optionOf(words: readonly string[], name: string): string | undefined {
  const inOne = words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const position = words.indexOf(name);
  return inOne ?? (position < 0 ? undefined : words[position + 1]);
}

function siteNames(root: string): string[] {
  const folder = join(root, "sites");
  const further = existsSync(folder) ? readdirSync(folder) : [];
  return [defaultSite, ...further.filter((name) => existsSync(join(folder, name, "Pulumi.yaml")))];
}

function regionNames(site: string, root: string): string[] {
  try {
    return siteConfig(sitePlace(site, root)).regions;
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** The last runs that this clone's journal has, the newest first. */
function runNames(site: string, root: string): string[] {
  try {
    const { lines } = parseJournal(readFileSync(journalFile(sitePlace(site, root)), "utf8"));
    return ["last", ...new Set(lines.map(({ run }) => run).reverse())].slice(0, mostRuns);
  } catch {
    return [];
  }
}

/** The hosts that a command has reached over SSH before, as their configuration for OpenSSH names them. */
function hostNames(site: string, root: string): string[] {
  try {
    const { stateDirectory } = sitePlace(site, root);
    const text = readFileSync(join(stateDirectory, "ssh", "config"), "utf8");
    return [...text.matchAll(/^Host "?([^\s"*]+)"?$/gm)].map((match) => match[1] as string);
  } catch {
    return [];
  }
}

/**
 * Shell lines for bash, and for zsh with bashcompinit: a function `evenkeel` for this clone, and completion for it and
 * for `npx evenkeel`.
 */
export function completionScript(root = home): string {
  const launcher = `'${join(root, "bin", "evenkeel.mjs").replaceAll("'", `'\\''`)}'`;
  return `# eval "$(npx evenkeel completion)"
[ -z "\${ZSH_VERSION:-}" ] || { autoload -U +X bashcompinit && bashcompinit; }
evenkeel() { node ${launcher} "$@"; }
_evenkeel() {
  local first=0 word current="\${COMP_WORDS[COMP_CWORD]}"
  [ "\${COMP_WORDS[0]}" != npx ] || first=1
  [ "\${COMP_WORDS[first]:-}" = evenkeel ] || return 0
  [ "$current" != = ] || current=
  COMPREPLY=()
  while IFS= read -r word; do
    case "$word" in "$current"*) COMPREPLY+=("$word") ;; esac
  done < <(evenkeel --get-yargs-completions "\${COMP_WORDS[@]:first:COMP_CWORD-first}" "$current" 2>/dev/null)
}
complete -o default -F _evenkeel evenkeel
complete -o default -F _evenkeel npx
`;
}
