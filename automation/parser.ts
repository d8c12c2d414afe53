import yargs, { type Argv, type CommandModule, type FallbackCompletionFunction } from "yargs";
import { ackCommand } from "./commands/ack.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { credentialsCommand } from "./commands/credentials.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { drillCommand } from "./commands/drill.ts";
import { durabilityCommand } from "./commands/durability.ts";
import { envCommand } from "./commands/env.ts";
import { eventsCommand } from "./commands/events.ts";
import { failbackCommand } from "./commands/failback.ts";
import { failoverCommand } from "./commands/failover.ts";
import { initCommand } from "./commands/init.ts";
import { logsCommand } from "./commands/logs.ts";
import { outputsCommand } from "./commands/outputs.ts";
import { pauseCommand } from "./commands/pause.ts";
import { provisionCommand } from "./commands/provision.ts";
import { pulumiCommand } from "./commands/pulumi.ts";
import { reinstateCommand } from "./commands/reinstate.ts";
import { resumeCommand } from "./commands/resume.ts";
import { sshCommand } from "./commands/ssh.ts";
import { statusCommand } from "./commands/status.ts";
import { switchoverCommand } from "./commands/switchover.ts";
import { timelineCommand } from "./commands/timeline.ts";
import { topologyCommand } from "./commands/topology.ts";
import { unlockCommand } from "./commands/unlock.ts";
import { verifyCommand } from "./commands/verify.ts";
import { namesFor } from "./completion.ts";
import { exitCodes, UserError } from "./errors.ts";
import { separatePassThrough } from "./passthrough.ts";

/** Every verb, in the order in which help lists them. */
export const commands = [
  checkCommand,
  doctorCommand,
  initCommand,
  provisionCommand,
  statusCommand,
  topologyCommand,
  outputsCommand,
  verifyCommand,
  switchoverCommand,
  failoverCommand,
  reinstateCommand,
  failbackCommand,
  drillCommand,
  resumeCommand,
  durabilityCommand,
  pauseCommand,
  ackCommand,
  eventsCommand,
  timelineCommand,
  credentialsCommand,
  sshCommand,
  logsCommand,
  envCommand,
  pulumiCommand,
  unlockCommand,
  destroyCommand,
  completionCommand,
] as unknown as readonly CommandModule[];

/** The command line of these verbs. Parsing throws a UserError (exit code 2) for whatever is none of it. */
export function parserOf(argv: readonly string[], verbs: readonly CommandModule[], version: string): Argv {
  const words = separatePassThrough(argv);
  const parser = yargs(words)
    .scriptName("evenkeel")
    .usage("$0 <command>\n\nKeeps a WordPress site alive over two regions.")
    // No flag is on by itself, and no value has parts: `--no-site` and `--site.x` would be values of another type.
    .parserConfiguration({
      "populate--": true,
      "parse-positional-numbers": false,
      "boolean-negation": false,
      "dot-notation": false,
    })
    // Ahead of the verbs, whose own checks of a value come after it.
    .middleware((parsed) => {
      const wrong = misreadFlag(words, parsed);
      if (wrong !== undefined) throw usage(wrong, verbIn(parser), verbs);
    }, true);
  for (const verb of verbs) parser.command(verb);
  return (
    parser
      .demandCommand(1, "Which command?")
      .recommendCommands()
      .strict()
      .version(version)
      // Its own script knows only words of the command line; ours adds this clone's sites, regions and hosts.
      .completion("yargs-completion", false, namesFirst(argv))
      // Without the throw a command would run although its arguments were refused.
      .fail((message, error) => {
        // yargs has its own error for some of what arguments alone decide, e.g. a flag without its value.
        const isUsage = error === undefined || error === null || error.name === "YError";
        throw isUsage ? usage(message ?? error?.message ?? "", verbIn(parser), verbs) : error;
      })
      .exitProcess(false)
      .wrap(Math.min(110, process.stderr.columns ?? 110))
  );
}

/** Verbs that hand on what stands behind "--". */
const takeFurtherWords = new Set(["ssh", "pulumi"]);

/** What is wrong with a flag that yargs takes without a word, and would hand on as something else than was meant. */
function misreadFlag(
  words: readonly string[],
  parsed: Readonly<Record<string, unknown>>,
): string | undefined {
  const further = parsed["--"];
  if (Array.isArray(further) && !takeFurtherWords.has(String((parsed._ as unknown[])[0])))
    return `${further[0]} stands behind "--", and no program that it would be handed on to is run`;
  const repeated = repeatedFlag(parsed);
  if (repeated !== undefined) return `${repeated} takes one value, and was given twice`;
  const valued = valuedSwitch(words, parsed);
  return valued === undefined
    ? undefined
    : `${valued} is on or off: its value is true or false, or is left out`;
}

/**
 * The option that was given twice, as it was written: yargs makes a list of its values, and no verb takes one. Its
 * first key is the name that was used first; its other names follow.
 */
function repeatedFlag(parsed: Readonly<Record<string, unknown>>): string | undefined {
  const key = Object.keys(parsed).find(
    (name) => name !== "_" && name !== "--" && Array.isArray(parsed[name]),
  );
  return key === undefined ? undefined : `${key.length === 1 ? "-" : "--"}${key}`;
}

/** The flag without values that was given one: yargs takes whatever isn't "true" for off, `--preview=yes` too. */
function valuedSwitch(
  words: readonly string[],
  parsed: Readonly<Record<string, unknown>>,
): string | undefined {
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  const switches = own.flatMap((word) => {
    const [, flag, name, letter, value] = /^(--([^=]+)|-[^-=]*([^-=]))=(.*)$/s.exec(word) ?? [];
    const isSwitch = typeof parsed[name ?? letter ?? ""] === "boolean";
    return isSwitch && value !== "true" && value !== "false" ? [flag] : [];
  });
  return switches[0];
}

function namesFirst(argv: readonly string[]): FallbackCompletionFunction {
  return (_current, _argv, complete, done) => {
    const names = namesFor(argv.slice(argv.indexOf("--get-yargs-completions") + 1));
    if (names !== null) done(names);
    else complete((_error, words) => done(words ?? []));
  };
}

const npmHint = "npm keeps flags to itself unless two dashes stand before them";

/** The first word that is no flag's. */
function verbIn({ parsed }: Argv): string | undefined {
  const verb = parsed === false ? undefined : parsed.argv._[0];
  return verb === undefined ? undefined : String(verb);
}

/** Flags that would change what a command does, and that npm takes for settings of its own without a word. */
const keptFlags = ["preview", "check", "full", "region", "site", "format", "confirm", "even-active"];

/**
 * Refuses (2) a command that npm runs without a flag that was meant for it: `npm run provision --preview` would build
 * the site. npm hands such a flag on as `npm_config_preview`; one that stands there as well was given with the dashes.
 */
export function refuseKeptFlags(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  const { npm_lifecycle_event: script } = env;
  if (!["provision", "status", "destroy"].includes(script ?? "")) return;
  const given = (flag: string) => argv.some((word) => word === `--${flag}` || word.startsWith(`--${flag}=`));
  const kept = keptFlags.find(
    (flag) => env[`npm_config_${flag.replaceAll("-", "_")}`] !== undefined && !given(flag),
  );
  if (kept === undefined) return;
  throw new UserError({
    what: `npm kept --${kept} to itself`,
    why: npmHint,
    next: `npm run ${script} -- --${kept} …`,
    exitCode: exitCodes.usage,
  });
}

function usage(
  message: string,
  verb: string | undefined,
  verbs: readonly Pick<CommandModule, "command">[],
): UserError {
  const said = message
    .split(/\s*\n\s*/)
    .filter(Boolean)
    .join(" ");
  // yargs names what it would have understood, and not what was given.
  const what = said.startsWith("Did you mean") ? `there is no command ${verb}. ${said}` : said;
  // npm eats flags that stand before its own "--" and hands on their values as stray words.
  const { npm_lifecycle_event: event } = process.env;
  const why =
    event === undefined || event === "npx" ? undefined : `${npmHint}: npm run ${event} -- --FLAG VALUE`;
  const known = verbs.some(({ command }) => String(command).split(" ")[0] === verb);
  const next = `npx evenkeel ${known ? `${verb} ` : ""}--help`;
  return new UserError({ what, why, next, exitCode: exitCodes.usage });
}
