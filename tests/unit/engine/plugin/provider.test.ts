import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commandProvider } from "../../../../automation/engine/plugin/provider.ts";
import { asSecret, unknownString, type WireObject } from "../../../../automation/engine/plugin/values.ts";
import { quote } from "../../../../automation/remote/shell.ts";

const provider = commandProvider();
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "plugin-test-"));
});
afterAll(async () => {
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

function request(options: { type?: string; preview?: boolean; timeoutSeconds?: number } = {}) {
  const lines: string[] = [];
  const { type = "command:local:Command", preview = false, timeoutSeconds = 20 } = options;
  const add = (line: string) => void lines.push(line);
  return { type, name: "it", preview, timeoutSeconds, log: { line: add, warning: add }, lines };
}

/** A command that writes its name down. */
function noting(name: string): string {
  return `echo ${name} >> ${quote([path.join(folder, "log")])}`;
}

async function noted(): Promise<string[]> {
  const log = path.join(folder, "log");
  const text = await readFile(log, "utf8").catch(() => "");
  await writeFile(log, "");
  return text.split("\n").filter((line) => line !== "");
}

const quiet: WireObject = { addPreviousOutputInEnv: false };

describe("local.Command, really run", () => {
  test("create runs create: id from the name, both streams as outputs less one newline, inputs kept", async () => {
    const inputs = { ...quiet, create: "cat; echo; echo b >&2", stdin: asSecret("in") };
    const made = await provider.create(request(), inputs);
    expect(made.id).toMatch(/^it[0-9a-f]{8}$/);
    expect(made.outputs).toEqual({ ...inputs, stdout: "in", stderr: "b" });
  });

  test("without create nothing runs and the outputs are empty", async () => {
    const made = await provider.create(request(), { ...quiet, delete: "exit 1" });
    expect(made.outputs).toMatchObject({ stdout: "", stderr: "" });
  });

  test("update runs update, or create again where there is none", async () => {
    const inputs = { ...quiet, create: noting("create") };
    await provider.update(request(), {}, { ...inputs, update: noting("update") });
    expect(await noted()).toEqual(["update"]);
    await provider.update(request(), {}, inputs);
    expect(await noted()).toEqual(["create"]);
  });

  test("an update with nothing to run keeps the last outputs", async () => {
    const outputs = await provider.update(
      request(),
      { stdout: "old", stderr: "e" },
      { ...quiet, delete: "x" },
    );
    expect(outputs).toEqual({ ...quiet, delete: "x", stdout: "old", stderr: "e" });
  });

  test("delete runs delete of the recorded state, and nothing where there is none", async () => {
    await provider.delete(request(), {
      ...quiet,
      create: "exit 1",
      delete: noting("delete"),
      stdout: "",
      stderr: "",
    });
    expect(await noted()).toEqual(["delete"]);
    await provider.delete(request(), { ...quiet, create: "exit 1", stdout: "" });
  });

  test("a preview runs nothing and knows no output", async () => {
    const inputs = { ...quiet, create: noting("create") };
    const unknown = { ...inputs, stdout: unknownString, stderr: unknownString };
    expect((await provider.create(request({ preview: true }), inputs)).outputs).toEqual(unknown);
    const state = { ...quiet, create: "another", stdout: "old", stderr: "" };
    expect(await provider.update(request({ preview: true }), state, inputs)).toEqual(unknown);
    expect(await noted()).toEqual([]);
  });

  test("the last run's output is in the next one's environment, if it is not empty and not switched off", async () => {
    const show = 'echo "${PULUMI_COMMAND_STDOUT-none} ${PULUMI_COMMAND_STDERR-none} $A"';
    const inputs: WireObject = { create: show, environment: { A: "a" } };
    expect((await provider.create(request(), inputs)).outputs.stdout).toBe("none none a");
    const state = { ...inputs, stdout: asSecret("last\nlines"), stderr: "" };
    expect((await provider.update(request(), state, inputs)).stdout).toBe("last\nlines none a");
    expect((await provider.update(request(), state, { ...inputs, ...quiet })).stdout).toBe("none none a");
    const kept = await provider.update(request(), state, {});
    expect(kept).toEqual({ stdout: "last\nlines", stderr: "" });
  });

  test("interpreter and dir; the files that are left are outputs, and stay when they are not asked for", async () => {
    const made = await provider.create(request(), {
      create: '[path.basename(process.cwd()), require("fs").writeFileSync("made", "x")].join()',
      interpreter: [process.execPath, "-p"],
      dir: folder,
      assetPaths: ["mad?"],
      archivePaths: ["made"],
    });
    expect(made.outputs.stdout).toBe(`${path.basename(folder)},`);
    expect(made.outputs.assets).toMatchObject({ made: { path: path.join(folder, "made") } });
    expect(made.outputs.archive).toMatchObject({ assets: made.outputs.assets });
    const { assets, archive } = await provider.update(request(), made.outputs, { create: "true" });
    expect({ assets, archive }).toEqual({ assets: made.outputs.assets, archive: made.outputs.archive });
    // What the engine sends of a file that it doesn't hold would end a Node program: it is left out.
    const { path: _, ...bare } = (made.outputs.assets as { made: WireObject }).made;
    const without = await provider.update(request(), { ...made.outputs, assets: { made: bare } }, {});
    expect(Object.keys(without).sort()).toEqual(["archive", "stderr", "stdout"]);
    const nowhere = provider.create(request(), { create: "true", dir: "/nowhere" });
    await expect(nowhere).rejects.toThrow('dir "/nowhere" is no folder');
  });

  test.each([
    [undefined, ["out", "err"]],
    ["stdoutAndStderr", ["out", "err"]],
    ["stdout", ["out"]],
    ["stderr", ["err"]],
    ["none", []],
  ])("logging %s shows %j", async (logging, expected) => {
    const asked = request();
    const create = "echo out; echo err >&2";
    await provider.create(asked, { ...quiet, create, ...(logging === undefined ? {} : { logging }) });
    expect(asked.lines.sort()).toEqual([...expected].sort());
  });
});

describe("a step that fails", () => {
  test("says exit code, command and the end of stderr, and leaves stdout out", async () => {
    const failing = provider.create(request(), { ...quiet, create: "echo no; echo why >&2; exit 3" });
    const text = 'exit code 3 of "echo no; echo why >&2; exit 3":\nwhy';
    await expect(failing).rejects.toThrow(new Error(text));
  });

  test("shows no secret: neither its input, whole or in parts, nor a secret command", async () => {
    const stdin = JSON.stringify({
      files: [{ path: "/etc/x", content: JSON.stringify({ password: 'p"w\\ 12345' }) }],
    });
    const asked = request();
    const leak = `cat >&2; printf '%s\\n' 'p"w\\ 12345' /etc/x >&2; exit 1`;
    const failing = provider.create(asked, { ...quiet, create: asSecret(leak), stdin: asSecret(stdin) });
    const { message } = await failing.then(
      () => new Error("did not fail"),
      (error: Error) => error,
    );
    expect(message).toContain("exit code 1 of [redacted]");
    // A path says where to look and is no secret.
    expect(message).toContain("/etc/x");
    for (const text of [message, asked.lines.join("\n")]) {
      expect(text).not.toContain("12345");
      expect(text).not.toContain("password");
    }
  });

  test("shows no password out of a secret file, encoded or not, and leaves the outputs as they are", async () => {
    const password = "Pa55word/of+app";
    const stdin = asSecret(`DB_USER="wp"\nDB_PASSWORD="${password}"\n`);
    const forms = [password, btoa(password), encodeURIComponent(password)];
    const print = `printf '%s\\n' ${quote(forms)}`;
    const say = `${print}; ${print} >&2`;
    const asked = request();
    const failing = provider.create(asked, { ...quiet, create: asSecret(`${say}; exit 1`), stdin });
    await expect(failing).rejects.toThrow(`[redacted]:\n${"[redacted]\n".repeat(3).trim()}`);
    expect(new Set(asked.lines)).toEqual(new Set(["[redacted]"]));
    const made = await provider.create(request(), { ...quiet, create: asSecret(say), stdin });
    expect(made.outputs).toMatchObject({ stdout: forms.join("\n"), stderr: forms.join("\n") });
  });

  test("late: it is ended, and the error names the step's deadline", async () => {
    const late = provider.create(request({ timeoutSeconds: 0.3 }), { ...quiet, create: "exec sleep 30" });
    await expect(late).rejects.toThrow("(the step's deadline is 0.3 s)");
  });

  test("in time: nothing is ended early", async () => {
    const made = await provider.create(request({ timeoutSeconds: 5 }), {
      ...quiet,
      create: "sleep 0.4; echo done",
    });
    expect(made.outputs.stdout).toBe("done");
  });
});

describe("what the engine asks", () => {
  test("an unknown resource is refused by its name", async () => {
    expect(() => provider.check("command:remote:Frob", {})).toThrow("command:remote:Frob");
    await expect(provider.create(request({ type: "x:y:Z" }), {})).rejects.toThrow("x:y:Z");
  });

  test("a copy whose content and path stayed copies nothing: no host is reached for it", async () => {
    const source = {
      "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
      hash: "1",
      text: "a",
    };
    const state = { source, remotePath: "/x", connection: asSecret({ host: "a" }) };
    const next = { ...state, connection: asSecret({ host: "b" }) };
    expect(await provider.update(request({ type: "command:remote:CopyToRemote" }), state, next)).toEqual(
      next,
    );
  });

  test("cancel ends the local command that runs, and no step begins after it", async () => {
    const cancelled = commandProvider();
    const running = cancelled.create(request(), { ...quiet, create: `${noting("begun")}; exec sleep 30` });
    const ended = expect(running).rejects.toThrow("the update was cancelled");
    for (const until = Date.now() + 5000; Date.now() < until && (await noted()).length === 0; )
      await new Promise((wake) => setTimeout(wake, 20));
    cancelled.cancel();
    await ended;
    await expect(cancelled.create(request(), { ...quiet, create: noting("x") })).rejects.toThrow("cancelled");
    expect(await noted()).toEqual([]);
  });
});
