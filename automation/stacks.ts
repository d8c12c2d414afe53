import { rmSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import type { SiteConfig } from "../components/config.ts";
import {
  type GlobalOutputs,
  globalOutputs,
  outputName,
  type RegionOutputs,
  regionOutputs,
} from "../components/outputs.ts";
import type { Engine } from "./engine/setup.ts";
import { interrupted, interrupts } from "./interrupt.ts";
import { siteFlag } from "./options.ts";
import { runVariable } from "./processes.ts";
import type { SitePlace } from "./site.ts";
import { explained, type Failure, timedOut } from "./stacks/errors.ts";
import { eventLog, type StackRun } from "./stacks/events.ts";
import { fileBackend, savedOutput, savedStacks, savedState } from "./stacks/saved.ts";
import {
  addBackup,
  type Deployment,
  newestBackup,
  pendingOperations,
  withoutPendingOperations,
  writeDeployment,
} from "./stacks/state.ts";
import { unfinishedLog } from "./stacks/unfinished.ts";
import { Workspace } from "./stacks/workspace.ts";

/** What of set-up's result the stacks need. */
export type PulumiEngine = Pick<Engine, "pulumiHome" | "pulumiRoot" | "env">;

export interface StacksOptions {
  engine: PulumiEngine;
  place: SitePlace;
  config: SiteConfig;
  /** Values that never may stand in an error. */
  secrets: readonly string[];
  /** Name of this run, found again in the environment of whatever it leaves behind. */
  run: string;
  timeoutSeconds: number;
}

export interface NamedState {
  name: string;
  state: Deployment;
}

export type Note = (text: string) => void;
export type Operation = "up" | "preview" | "destroy";

export const globalStack = "global";

/** The stacks of a site, in the order in which they are built. */
export function stackNames(config: Pick<SiteConfig, "regions">): string[] {
  return [...config.regions, globalStack];
}

/** A site's stacks through the Automation API, on the same project folder and state as plain `pulumi`. */
export class Stacks {
  readonly options: StacksOptions;
  private readonly workspace: Workspace;
  private readonly opened = new Map<string, Stack>();
  /** Outputs asked for since the stack last changed: asking takes half a second. */
  private readonly fresh = new Map<string, unknown>();

  constructor(options: StacksOptions, workspace: Workspace) {
    this.options = options;
    this.workspace = workspace;
  }

  /** Makes the site's stacks where they are missing, one after another: making one writes a shared file. */
  async ensure(): Promise<void> {
    const known = new Set(await this.existing());
    for (const name of stackNames(this.options.config)) {
      if (known.has(name)) continue;
      this.opened.set(name, await this.attempt(name, "made", () => this.workspace.create(name)));
    }
  }

  /** Names of the site's stacks that exist. */
  async existing(): Promise<string[]> {
    const all = stackNames(this.options.config);
    if (all.every((name) => this.opened.has(name))) return all;
    const known = new Set(await this.inProject());
    return all.filter((name) => known.has(name));
  }

  /** Further stacks of the same project: of a region that the configuration no longer names, or somebody else's. */
  async others(): Promise<string[]> {
    const own = new Set(stackNames(this.options.config));
    return (await this.inProject()).filter((name) => !own.has(name));
  }

  private async inProject(): Promise<string[]> {
    const backend = fileBackend(this.options.engine.env);
    if (backend !== null) return savedStacks(backend, this.options.place.name);
    const known = await this.attempt("", "listed", () => this.workspace.list());
    return known.map((name) => name.slice(name.lastIndexOf("/") + 1));
  }

  async region(name: string): Promise<RegionOutputs | null> {
    const value = await this.output(name);
    return value === undefined ? null : regionOutputs.parse(value);
  }

  async global(): Promise<GlobalOutputs | null> {
    const value = await this.output(globalStack);
    return value === undefined ? null : globalOutputs.parse(value);
  }

  /** Lets the next question be asked anew: another command may have changed the stacks meanwhile. */
  forgetOutputs(): void {
    this.fresh.clear();
  }

  /** `stackOutputs` of the API would ask twice, to tell secrets apart; there are none in this contract. */
  private async output(stack: string): Promise<unknown> {
    if (this.fresh.has(stack)) return this.fresh.get(stack);
    const saved = this.saved(savedOutput, stack);
    if (saved !== null) return saved.value;
    const result = await this.cli(["stack", "output", "--json", "--show-secrets", "--stack", stack]);
    const value = (JSON.parse(result) as Record<string, unknown>)[outputName];
    this.fresh.set(stack, value);
    return value;
  }

  /** Runs one operation to its end. Throws a UserError that names the stack and what the engine said. */
  async run(
    operation: Operation,
    name: string,
    note: Note,
    options: { replace?: readonly string[] } = {},
  ): Promise<StackRun> {
    interrupts().check();
    const stack = await this.open(name);
    const log = eventLog(note);
    const timeout = AbortSignal.timeout(this.options.timeoutSeconds * 1000);
    const unfinished = unfinishedLog(this.options.place.stateDirectory, name, note);
    const onEvent = (event: EngineEvent) => {
      log.receive(event);
      if (operation === "up") unfinished.receive(event);
    };
    const common = { onEvent, signal: AbortSignal.any([interrupts().signal, timeout]) };
    try {
      this.fresh.delete(name);
      if (operation === "up") await stack.up({ ...common, replace: [...(options.replace ?? [])] });
      else if (operation === "preview")
        await stack.preview({ ...common, replace: [...(options.replace ?? [])] });
      else await stack.destroy(common);
    } catch (cause) {
      if (interrupts().signal.aborted) throw interrupted(cause);
      if (timeout.aborted) throw timedOut(name, this.options.timeoutSeconds, cause);
      throw this.explain({ stack: name, operation, cause, run: log.result() });
    }
    if (operation === "up") unfinished.ended();
    interrupts().check();
    return log.result();
  }

  private async open(name: string): Promise<Stack> {
    const known = this.opened.get(name);
    if (known !== undefined) return known;
    const stack = await this.attempt(name, "opened", () => this.workspace.select(name));
    this.opened.set(name, stack);
    return stack;
  }

  /** Copies the stack's state beside it and returns it. Secrets in it stay encrypted. */
  async backUp(name: string): Promise<Deployment> {
    return await addBackup(backupsIn(this.options.place), name, (file) =>
      this.cli(["stack", "export", "--file", file, "--stack", name]),
    );
  }

  /** A stack's state as it is now. Secrets in it stay encrypted. */
  async state(name: string): Promise<Deployment> {
    return JSON.parse(await this.cli(["stack", "export", "--stack", name])) as Deployment;
  }

  /** The states of all stacks as a file backend holds them, asking no CLI; null where only that can tell. */
  savedStates(): NamedState[] | null {
    const names = stackNames(this.options.config);
    const states = names.map((name) => ({ name, state: this.saved(savedState, name) }));
    return states.every((one): one is NamedState => one.state !== null) ? states : null;
  }

  /** Drops the operations that a killed run left pending. True where there were some. */
  async clearPending(name: string, state: Deployment): Promise<boolean> {
    if (pendingOperations(state) === 0) return false;
    const file = join(this.options.place.stateDirectory, `${name}.import.json`);
    try {
      writeDeployment(file, withoutPendingOperations(state));
      await this.cli(["stack", "import", "--file", file, "--stack", name]);
    } finally {
      rmSync(file, { force: true });
    }
    return true;
  }

  /** Drops the backend's lock on a stack. The caller has proved that its owner is dead. */
  async cancel(name: string): Promise<void> {
    await this.cli(["cancel", "--yes", "--stack", name]);
  }

  async unprotect(name: string): Promise<void> {
    await this.cli(["state", "unprotect", "--all", "--yes", "--stack", name]);
  }

  /** Removes an empty stack with its history. The stack file is part of the project and stays. */
  async remove(name: string): Promise<void> {
    this.opened.delete(name);
    this.fresh.delete(name);
    await this.cli(["stack", "rm", "--yes", "--preserve-config", "--stack", name]);
  }

  /** What a file backend's own files say; null where only the CLI can tell. */
  private saved<T>(read: (backend: string, project: string, stack: string) => T | null, stack: string) {
    const backend = fileBackend(this.options.engine.env);
    return backend === null ? null : read(backend, this.options.place.name, stack);
  }

  private cli(args: string[]): Promise<string> {
    const label = args.slice(0, 2).join(" ");
    return this.attempt(args.at(-1) ?? "", label, () => this.workspace.cli(args));
  }

  private async attempt<T>(stack: string, operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw this.explain({ stack, operation, cause, run: null });
    }
  }

  private explain(failure: Omit<Failure, "secrets" | "remedy">) {
    const { place, secrets } = this.options;
    const remedy = { flag: siteFlag(place.name), backup: newestBackup(backupsIn(place), failure.stack) };
    return explained({ ...failure, secrets, remedy });
  }
}

const backupsIn = (place: SitePlace) => join(place.stateDirectory, "backup");

/** The stacks of a site. Needs set-up to have run. */
export function openStacks(options: StacksOptions): Stacks {
  const { engine, place, run } = options;
  const variables = { [runVariable]: run };
  return new Stacks(options, new Workspace({ directory: place.directory, engine, variables }));
}
