import { UserError } from "../errors.ts";
import { cacheFolder, cloneRoot, makeOwnFolders, pulumiHomeFolder } from "./cache.ts";
import { givenPlugin, provideCommandPlugin } from "./command-plugin.ts";
import { provideDocker } from "./docker-engine.ts";
import { type DropIn, dropIn, provideDropIn } from "./drop-in.ts";
import { engineEnvironment } from "./environment.ts";
import { type KeeperNode, keeperNode, provideKeeperNode } from "./keeper-node.ts";
import { raiseKernelLimits } from "./kernel-limits.ts";
import { provideLanguageHost } from "./language-host.ts";
import { observeMachine } from "./machine.ts";
import { type ObjectStore, objectStore, provideObjectStore } from "./object-store.ts";
import { type EngineFolders, providePulumiCli, pulumiRoot } from "./pulumi-cli.ts";
import { runSteps, type Step, type StepContext, type StepEvent, type StepOutcome } from "./steps.ts";
import {
  consentToPackages,
  installSystemPackages,
  type MachineFacts,
  planSystemPackages,
} from "./system-packages.ts";
import { provideWordpressCore, type WordpressCore, wordpressCore } from "./wordpress.ts";

export type { StepEvent } from "./steps.ts";

export interface Engine {
  /** The clone's root. */
  home: string;
  pulumiHome: string;
  /** For PulumiCommand.get({ root }): its bin/ holds the CLI with the language host beside it. */
  pulumiRoot: string;
  /** Variables to add to the process's own for everything that runs Pulumi. */
  env: Record<string, string>;
  /** The pinned official WordPress archive, or null: then hosts copy Debian's package into place. */
  wordpressCore: WordpressCore | null;
  /** The program of the lab's object stores. */
  objectStore: ObjectStore | null;
  /** The Node that the hosts' keepers run with. */
  keeperNode: KeeperNode | null;
  /** What lets WordPress run on PostgreSQL; null where it isn't wanted or can't be had. */
  dropIn: DropIn | null;
}

export interface SetUpOptions {
  /** Answers the question about system packages. */
  yes: boolean;
  /** There is a terminal where a question can be asked. */
  interactive: boolean;
  /** A site wants WordPress on PostgreSQL. */
  dropIn?: boolean;
  report: (event: StepEvent) => void;
  signal?: AbortSignal;
  /** Asks a yes-or-no question at the terminal; default: @inquirer/prompts. */
  ask?: (question: string) => Promise<boolean>;
  /** What the machine has; default: looks. */
  observe?: (signal?: AbortSignal) => Promise<MachineFacts>;
}

/**
 * Puts everything on the machine that a rollout needs, and says so step by step; what is there is left alone. What
 * would need a question, or can't be had, is found out before the first step. Throws UserError: exit code 2 when
 * system packages are needed and nobody may install them, 13 when another set-up doesn't end.
 */
export async function setUp(options: SetUpOptions): Promise<Engine> {
  await givenPlugin();
  const packages = planSystemPackages(await (options.observe ?? observeMachine)(options.signal));
  await consentToPackages({
    packages,
    yes: options.yes,
    interactive: options.interactive,
    ask: options.ask ?? ask,
  });
  const folders = { home: cloneRoot, cache: cacheFolder() };
  makeOwnFolders(folders.home);
  await withOrdinaryUmask(() =>
    runSteps({
      steps: setUpSteps(folders, packages, options.dropIn),
      report: options.report,
      signal: options.signal,
    }),
  );
  return {
    home: folders.home,
    pulumiHome: pulumiHomeFolder(folders.home),
    pulumiRoot: pulumiRoot(folders.home),
    env: engineEnvironment(folders.home),
    wordpressCore: await wordpressCore(folders.cache),
    objectStore: await objectStore(folders.cache),
    keeperNode: await keeperNode(folders.cache),
    dropIn: options.dropIn === true ? await dropIn(folders.cache) : null,
  };
}

/** The steps and what each waits for. Without packages to install there is no step for them, nor for an unwanted part. */
export function setUpSteps(
  folders: EngineFolders,
  packages: readonly string[],
  dropInWanted = false,
): Step[] {
  const installed = packages.length > 0 ? ["system packages"] : [];
  const install: Step = {
    name: "system packages",
    after: [],
    run: (context) => installSystemPackages(packages, context),
  };
  const fetchDropIn: Step = {
    name: "PG4WP",
    after: [],
    run: (context) => provideDropIn(folders.cache, context),
  };
  return [
    ...(packages.length > 0 ? [install] : []),
    ...(dropInWanted ? [fetchDropIn] : []),
    { name: "kernel limits", after: [], run: () => raiseKernelLimits() },
    { name: "Docker Engine", after: installed, run: (context) => provideDocker(folders.home, context) },
    { name: "Pulumi CLI", after: [], run: (context) => providePulumiCli(folders, context) },
    { name: "language host", after: ["Pulumi CLI"], run: (context) => provideLanguageHost(folders, context) },
    {
      name: "command plugin",
      after: ["Pulumi CLI"],
      run: (context) => provideCommandPlugin(folders, context),
    },
    { name: "WordPress core", after: [], run: (context) => provideWordpressCore(folders.cache, context) },
    { name: "keeper's Node", after: [], run: (context) => provideKeeperNode(folders.cache, context) },
    // After the language host: two builds at a time have no more processors than one.
    {
      name: "object store",
      after: ["language host"],
      run: (context) => provideObjectStore(folders.cache, context),
    },
    { name: "lab image", after: ["Docker Engine", ...installed], run: provideLabImage },
  ];
}

/**
 * System packages, an engine and an image's files must be readable by others, though everything else that a command
 * writes is its user's alone. What set-up writes for this user alone has its mode given at each place.
 */
async function withOrdinaryUmask<T>(work: () => Promise<T>): Promise<T> {
  const before = process.umask(0o022);
  try {
    return await work();
  } finally {
    process.umask(before);
  }
}

/** Imported late: a set-up where all is found must not pay for what only makes images. */
async function provideLabImage(context: StepContext): Promise<StepOutcome> {
  const { ensureLabImage } = await import("../lab/image.ts");
  const image = await ensureLabImage({ report: context.say });
  const size = `${image.tag}, ${Math.round(image.sizeBytes / 1e6)} MB`;
  switch (image.made) {
    case "found":
      return { state: "found", detail: size };
    case "docker-base":
      return { state: "done", detail: `${size}, made from a Docker base image` };
    case "debian-packages":
      return { state: "done", detail: `${size}, made from Debian packages` };
  }
}

async function ask(question: string): Promise<boolean> {
  const { confirm } = await import("@inquirer/prompts");
  return await confirm({ message: question, default: true }, { output: process.stderr }).catch(
    (error: Error) => {
      if (error.name !== "ExitPromptError") throw error;
      throw new UserError({
        what: "stopped at the question",
        exitCode: 130,
        code: "interrupted",
        cause: error,
      });
    },
  );
}
