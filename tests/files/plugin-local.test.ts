import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { local, types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { otherPlugin, type PluginStack, pluginStack, pluginUnderTest } from "./support/plugin-stack.ts";

/**
 * The published schema of the command plugin 1.2.1, kept by whichever plugin is named by PULUMI_COMMAND_PLUGIN (none:
 * this clone's stand-in): programs, what the engine does with them, what their resources become.
 */
jest.setTimeout(60_000);

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("local.Command", () => {
  let stack: PluginStack;
  beforeAll(async () => {
    stack = await pluginStack("local");
    for (const each of ["out", "ran"]) await mkdir(path.join(stack.folder, each));
  });
  afterAll(() => stack?.remove());

  const noted = () => readFile(path.join(stack.folder, "noted"), "utf8");

  const showLast = 'echo "${PULUMI_COMMAND_STDOUT-none}|${PULUMI_COMMAND_STDERR-none}|$A"';
  const note = (word: string) => `echo "${word} \${PULUMI_COMMAND_STDOUT-none}" | tee -a noted`;

  /** `change` makes every resource another one, each in its own way. */
  function program(makeChange: () => Record<string, object> = () => ({})): PulumiFn {
    return async () => {
      const change = makeChange();
      const make = (name: string, args: local.CommandArgs, options?: pulumi.CustomResourceOptions) =>
        new local.Command(name, { ...args, ...change[name] }, options);
      make("streams", { create: "cat; echo err >&2; printf 'two\\n\\n'", stdin: "in " });
      make("nothing", {});
      make("environment", { create: showLast, environment: { A: "a" } });
      make("quiet", { create: showLast, addPreviousOutputInEnv: false });
      make("both", { create: note("create"), update: note("update"), delete: note("delete") });
      make("triggered", { create: note("make"), delete: note("drop"), triggers: ["one", { deep: [1] }] });
      make("interpreter", { create: "last", interpreter: ["printf", "%s,%s", "first"] });
      make("loud", { create: "echo shown; echo hidden >&2", logging: "stdout" });
      make("silent", { create: "echo hidden", logging: types.enums.local.Logging.None });
      make("files", {
        create: "mkdir -p sub; printf one >a.txt; printf two >sub/b.txt; printf no >sub/secret.txt",
        dir: "out",
        assetPaths: ["**.txt", "!**secret*"],
        archivePaths: ["sub/*.txt"],
      });
      make(
        "secrets",
        {
          create: pulumi.secret("cat; echo $S"),
          stdin: pulumi.secret("stdin-secret"),
          environment: { S: pulumi.secret("variable-secret"), P: "plain" },
        },
        { additionalSecretOutputs: ["stdout"] },
      );
      const ran = local.runOutput({
        command: "cat; pwd >&2; echo $A",
        stdin: "in ",
        environment: { A: "a" },
      });
      const everything = local.runOutput(ofRun).apply(({ assets, archive, ...rest }) => ({
        ...rest,
        assets: Object.keys(assets ?? {}),
        isArchived: archive instanceof pulumi.asset.AssetArchive,
      }));
      return { ran: ran.stdout, where: ran.stderr, everything };
    };
  }

  /** Every argument that local.run has. */
  const ofRun = {
    command: 'read -r word; [[ $word == in ]] && echo "$0 ${PWD##*/} $A"; printf one >kept.txt; echo err >&2',
    interpreter: ["/bin/bash", "-c"],
    dir: "ran",
    stdin: "in\n",
    environment: { A: "a" },
    addPreviousOutputInEnv: false,
    logging: types.enums.local.Logging.None,
    assetPaths: ["*.txt", "!none*"],
    archivePaths: ["kept.txt"],
  };

  test("create: inputs, outputs and ids as recorded, and what is logged", async () => {
    const run = await stack.up(program());
    expect(run.failure).toBeNull();
    const everything = {
      ...ofRun,
      stdout: "/bin/bash ran a",
      stderr: "err",
      assets: ["kept.txt"],
      isArchived: true,
    };
    expect(run.outputs).toEqual({ ran: "in a", where: stack.folder, everything });
    const state = await stack.state();
    const outputs = Object.fromEntries(Object.entries(state).map(([name, each]) => [name, each.outputs]));
    const { stdout, stderr } = { stdout: "in two\n", stderr: "err" };
    expect(outputs.streams).toEqual({ ...state.streams?.inputs, stdout, stderr });
    expect(outputs.nothing).toEqual({ stdout: "", stderr: "" });
    expect(outputs.environment).toMatchObject({ stdout: "none|none|a", environment: { A: "a" } });
    expect(outputs.quiet).toMatchObject({ stdout: "none|none|", addPreviousOutputInEnv: false });
    expect(outputs.interpreter).toMatchObject({ stdout: "first,last" });
    for (const [name, { id }] of Object.entries(state))
      expect(id).toMatch(new RegExp(`^${name}[0-9a-f]{8}$`));
    expect(run.log.loud).toEqual(["shown"]);
    expect(run.log.silent).toBeUndefined();
  });

  test("local.run fails by its exit code, and an argument that it has not is refused by name", async () => {
    const said: string[] = [];
    const run = await stack.preview(async () => {
      const calls = [{ command: "echo why >&2; exit 5" }, { command: "true", frobnicate: 1 }];
      for (const given of calls)
        await pulumi.runtime
          .invoke("command:local:run", given)
          .catch((error: Error) => void said.push(error.message));
    });
    expect(run.failure).toBeNull();
    expect(said).toEqual([expect.stringMatching(/(code|status) 5/), expect.stringContaining("frobnicate")]);
  });

  test("create: what is secret in the state, and what isn't", async () => {
    const { inputs, outputs } = (await stack.state()).secrets ?? {};
    const environment = { S: { secret: "variable-secret" }, P: "plain" };
    const expected = { create: { secret: "cat; echo $S" }, stdin: { secret: "stdin-secret" }, environment };
    expect(inputs).toEqual(expected);
    expect(outputs).toEqual({
      ...expected,
      stdout: { secret: "stdin-secretvariable-secret" },
      stderr: "",
    });
  });

  test("create: the files that were asked for are assets and an archive", async () => {
    const { assets, archive } = (await stack.state()).files?.outputs ?? {};
    const one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    const two = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";
    const asset = (file: string, hash: string) => ({ asset: { hash, path: file } });
    expect(assets).toEqual({
      "a.txt": asset("out/a.txt", one),
      "sub/b.txt": asset("out/sub/b.txt", two),
    });
    const secret = asset("out/sub/secret.txt", expect.any(String) as unknown as string);
    const packed = { "sub/b.txt": asset("out/sub/b.txt", two), "sub/secret.txt": secret };
    expect(archive).toEqual({ archive: { assets: packed, hash: archiveHash } });
  });

  test("the same program again changes nothing and runs nothing but local.run", async () => {
    const before = await noted();
    const run = await stack.preview(program());
    expect(run.failure).toBeNull();
    expect(new Set(Object.values(run.steps).flatMap(({ ops }) => ops))).toEqual(new Set(["same"]));
    expect(await noted()).toBe(before);
  });

  const other = otherPlugin;
  if (other !== undefined) {
    test("the other plugin takes the state over without a change", async () => {
      await stack.usePlugin(other);
      const run = await stack.preview(program());
      await stack.usePlugin(pluginUnderTest);
      expect(run.failure).toBeNull();
      expect(new Set(Object.values(run.steps).flatMap(({ ops }) => ops))).toEqual(new Set(["same"]));
    });
  }

  const change = () => ({
    streams: { stdin: "other " },
    nothing: { triggers: ["new"] },
    environment: { environment: { A: "b", C: "c" } },
    quiet: { stdin: "new" },
    both: { create: "exit 1", logging: "none" },
    triggered: { triggers: ["one", { deep: [2] }] },
    loud: { create: undefined },
    files: { assetPaths: ["sub/b.txt"], create: "printf three >sub/b.txt" },
    secrets: { environment: { P: "plain" } },
  });

  test("preview of a change: which property, update or replacement, and what is known of the outputs", async () => {
    const { steps, failure } = await stack.preview(program(change));
    expect(failure).toBeNull();
    const replaced = ["create-replacement", "replace", "delete-replaced"];
    for (const [name, { ops = ["update"], diff }] of Object.entries(changes)) {
      expect([name, steps[name]?.ops, steps[name]?.diff]).toEqual([
        name,
        ops === "replaced" ? replaced : ops,
        diff,
      ]);
    }
    expect(steps.interpreter?.ops).toEqual(["same"]);
    expect(steps.streams?.outputs).toMatchObject({ stdout: unknown, stderr: unknown });
    // An input that the resource didn't have leaves the last outputs known.
    expect(steps.quiet?.outputs).toMatchObject({ stdout: "none|none|", stderr: "" });
  });

  const changes: Record<string, { ops?: string[] | "replaced"; diff: string[] }> = {
    streams: { diff: ["stdin update"] },
    nothing: { ops: "replaced", diff: ["triggers add-replace"] },
    environment: { diff: ["environment.A update", "environment.C add"] },
    quiet: { diff: ["stdin add"] },
    both: { diff: ["create update", "logging add"] },
    triggered: { ops: "replaced", diff: ["triggers[1].deep[0] update-replace"] },
    loud: { diff: ["create delete"] },
    files: { diff: ["assetPaths[0] update", "assetPaths[1] delete", "create update"] },
    secrets: { diff: ["environment.S delete"] },
  };

  test("the change: update runs update or create, a replacement create and then delete", async () => {
    await writeFile(path.join(stack.folder, "noted"), "");
    const run = await stack.up(program(change));
    expect(run.failure).toBeNull();
    const state = await stack.state();
    expect(state.streams?.outputs).toMatchObject({ stdout: "other two\n", stdin: "other " });
    expect(state.environment?.outputs).toMatchObject({ stdout: "none|none|a|none|b" });
    expect(state.quiet?.outputs).toMatchObject({ stdout: "none|none|" });
    expect(state.both?.outputs).toMatchObject({ stdout: "update create none", create: "exit 1" });
    expect(state.loud?.outputs).toEqual({ logging: "stdout", stdout: "shown", stderr: "hidden" });
    expect((await noted()).split("\n").sort()).toEqual(
      ["", "drop make none", "make none", "update create none"].sort(),
    );
    expect((await noted()).indexOf("make none")).toBeLessThan((await noted()).indexOf("drop"));
    const { assets, archive } = state.files?.outputs ?? {};
    expect(Object.keys(assets as object)).toEqual(["sub/b.txt"]);
    expect(archive).toEqual({
      archive: expect.objectContaining({ hash: expect.not.stringMatching(archiveHash) }),
    });
  });

  test("preview with values that are not known yet", async () => {
    const withUnknown = () => {
      const { stdout } = new local.Command("source", { create: "echo known" });
      const everywhere = { create: stdout, stdin: stdout, dir: stdout, environment: { A: stdout } };
      new local.Command("fresh", { ...everywhere, triggers: [stdout], assetPaths: [stdout] });
      return {
        streams: { stdin: stdout },
        environment: { environment: { A: stdout } },
        both: { update: stdout },
      };
    };
    const { steps, failure } = await stack.preview(program(withUnknown));
    expect(failure).toBeNull();
    expect(steps.fresh).toMatchObject({ ops: ["create"], outputs: { stdout: unknown, create: unknown } });
    expect(steps.streams).toMatchObject({ ops: ["update"], outputs: { stdout: unknown, stdin: unknown } });
    expect(steps.environment).toMatchObject({ ops: ["update"], outputs: { stdout: unknown } });
    expect(steps.both?.diff).toContain("update update");
  });

  test("destroy runs delete with the last output, and nothing where there is none", async () => {
    await writeFile(path.join(stack.folder, "noted"), "");
    const run = await stack.destroy();
    expect(run.failure).toBeNull();
    expect((await noted()).split("\n").sort()).toEqual(["", "delete update create none", "drop make none"]);
    expect(await stack.state()).toEqual({});
  });
});

/** Of sub/b.txt "two" and sub/secret.txt "no". */
const archiveHash = "98595c9b2dbd92849ae10d392205f2d55107f0386da57c0fb3a5c3de4b1b0811";
