import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LocalWorkspace, Stack } from "@pulumi/pulumi/automation/index.js";
import type { Engine } from "../engine/setup.ts";
import { inFolder } from "../site/durable.ts";
import { detachedCommand } from "./command.ts";
import { pruneLogs } from "./logs.ts";

export interface WorkspaceOptions {
  /** Folder of the Pulumi project. */
  directory: string;
  engine: Pick<Engine, "pulumiHome" | "pulumiRoot" | "env">;
  /** What the environment holds besides set-up's variables. */
  variables: Record<string, string>;
}

/**
 * The Automation API on a project folder, with set-up's Pulumi. Loading it takes most of a second, so that is left to the
 * first question: a command that only reads a file backend's files never asks one.
 */
export class Workspace {
  private readonly options: WorkspaceOptions;
  private opening: ReturnType<typeof open> | null = null;

  constructor(options: WorkspaceOptions) {
    this.options = options;
  }

  async create(stack: string): Promise<Stack> {
    const { automation, workspace } = await this.open();
    return withoutAfterword(await automation.Stack.create(stack, workspace));
  }

  async select(stack: string): Promise<Stack> {
    const { automation, workspace } = await this.open();
    return withoutAfterword(await automation.Stack.select(stack, workspace));
  }

  /** Names of the project's stacks as the backend gives them, qualified where it does so. */
  async list(): Promise<string[]> {
    const { workspace } = await this.open();
    return (await workspace.listStacks()).map(({ name }) => name);
  }

  /** Runs the Pulumi CLI with the arguments; returns its standard output. */
  async cli(args: string[]): Promise<string> {
    const { workspace } = await this.open();
    const command = workspace.pulumiCommand as unknown as {
      run(args: string[], cwd: string, env: Record<string, string>): Promise<{ stdout: string }>;
    };
    return (await command.run(args, workspace.workDir, workspace.envVars)).stdout;
  }

  private open() {
    this.opening ??= open(this.options);
    return this.opening;
  }
}

async function open({ directory, engine, variables }: WorkspaceOptions) {
  const automation = await import("@pulumi/pulumi/automation/index.js");
  const backend = engine.env.PULUMI_BACKEND_URL;
  if (backend?.startsWith("file:///")) {
    const folder = fileURLToPath(backend);
    inFolder(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  }
  pruneLogs(engine.pulumiHome);
  // `PulumiCommand.get` runs `pulumi version` in this process's environment: its log would go to the user's own folder.
  process.env.PULUMI_HOME = engine.pulumiHome;
  const created = await automation.LocalWorkspace.create({
    workDir: directory,
    pulumiHome: engine.pulumiHome,
    pulumiCommand: await detachedCommand(engine.pulumiRoot),
    envVars: { ...engine.env, ...variables },
  });
  // Every command names its stack, so none need be the selected one; selecting takes a quarter of a second each.
  const workspace: LocalWorkspace = Object.assign(created, { selectStack: async () => {} });
  return { automation, workspace };
}

/**
 * After each `up` the Automation API asks for the outputs (twice) and the history. Nobody reads these answers here, and
 * they take two seconds a stack: `Stacks` asks once, when somebody wants to know.
 */
function withoutAfterword(stack: Stack): Stack {
  return Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
}
