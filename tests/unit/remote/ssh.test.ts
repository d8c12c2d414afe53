import { once } from "node:events";
import { lstat, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { openSsh } from "../../../automation/remote/ssh.ts";
import {
  configText,
  hostProblems,
  knownHostsText,
  type SshHost,
  withProxies,
} from "../../../automation/remote/ssh-config.ts";
import { deadlineError, dialError, dialFailure, neverBegan } from "../../../automation/remote/ssh-errors.ts";
import { sshFiles } from "../../../automation/remote/ssh-files.ts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAILvGe+t828Mtkd69iHQltM3qEOTYrJsydka6oJdyH+tl";
const gateway: SshHost = {
  alias: "primary/gateway",
  host: "127.0.0.1",
  port: 2201,
  user: "evenkeel",
  hostKey: `ssh-ed25519 ${key} a comment`,
};
const database: SshHost = {
  ...gateway,
  alias: "primary/database",
  host: "10.10.0.20",
  port: 22,
  hostKey: "ecdsa-sha2-nistp256 AAAAE2VjZHNh",
  proxy: gateway,
};
const files = sshFiles("/site folder/50%");

/** The options in force for an alias, as the ssh of this machine reads the config. */
function block(text: string, alias: string): string {
  return text.split(/\n(?=Host )/).find((each) => each.startsWith(`Host ${alias}\n`)) ?? "";
}

describe("the config file", () => {
  const text = configText(files, [database]);

  test("[O3] [P19] a host is checked against its own pinned key, and so is the one it is reached through", () => {
    expect(text).toContain("StrictHostKeyChecking yes");
    expect(text).toContain('UserKnownHostsFile "/site folder/50%%/known_hosts"');
    expect(text).toContain("GlobalKnownHostsFile /dev/null");
    expect(text).not.toMatch(/StrictHostKeyChecking (no|accept-new)|UserKnownHostsFile \/dev\/null/);
    expect(block(text, "primary/database")).toContain("HostKeyAlias primary/database");
    expect(block(text, "primary/database")).toContain("HostKeyAlgorithms ecdsa-sha2-nistp256");
    expect(block(text, "primary/gateway")).toContain("HostKeyAlgorithms ssh-ed25519");
  });

  test("the jump goes through the same config, so no unpinned connection is made on the way", () => {
    expect(block(text, "primary/database")).toContain(
      "ProxyCommand ssh -F '/site folder/50%%/config' -W '[%h]:%p' -- primary/gateway",
    );
    expect(block(text, "primary/gateway")).not.toContain("ProxyCommand");
  });

  test("[P19] nobody is asked, no agent helps, and a silent host ends the connection within 15 s", () => {
    for (const line of ["BatchMode yes", "IdentitiesOnly yes", "IdentityAgent none", "ForwardAgent no"]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/ServerAliveInterval 5\n {2}ServerAliveCountMax 3/);
  });

  test("known_hosts has one line a host, under its alias, without the comment", () => {
    expect(knownHostsText([database])).toBe(
      `primary/gateway ssh-ed25519 ${key}\nprimary/database ecdsa-sha2-nistp256 AAAAE2VjZHNh\n`,
    );
  });

  test("hosts come after the ones they are reached through, each once", () => {
    const second = { ...database, alias: "primary/web-1" };
    expect(withProxies([database, second]).map(({ alias }) => alias)).toEqual([
      "primary/gateway",
      "primary/database",
      "primary/web-1",
    ]);
  });
});

describe("a host's description", () => {
  const cases: [string, Partial<SshHost>, string][] = [
    ["a line break in the address", { host: "a\n  ProxyCommand rm" }, "its address"],
    ["an option as the address", { host: "-oProxyCommand=x" }, "its address"],
    ["a wildcard in the name", { alias: "*" }, "its name"],
    ["an option as the user", { user: "-x" }, "its user name"],
    ["port 0", { port: 0 }, "its port"],
    ["no host key", { hostKey: "" }, "its host key"],
    ["two lines of host key", { hostKey: `ssh-ed25519 ${key}\n* ssh-ed25519 ${key}` }, "its host key"],
  ];
  test.each(cases)("with %s is refused before any file is written", (_name, change, problem) => {
    expect(hostProblems({ ...gateway, ...change }).join()).toContain(problem);
  });

  test("that is sound has no problem", () => {
    expect(hostProblems(database)).toEqual([]);
    expect(hostProblems({ ...gateway, host: "fd00::1" })).toEqual([]);
  });
});

describe("ssh's messages", () => {
  const cases: [string, string][] = [
    ["host-key", "No ED25519 host key is known for x\nHost key verification failed."],
    ["host-key", "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @"],
    ["host-key", "Unable to negotiate: no matching host key type found. Their offer: ssh-rsa"],
    ["auth", "evenkeel@127.0.0.1: Permission denied (publickey)."],
    ["bad-key", 'Load key "/x/key": invalid format\nevenkeel@h: Permission denied (publickey).'],
    ["unreachable", "ssh: connect to host 127.0.0.1 port 1: Connection refused"],
    ["unreachable", "kex_exchange_identification: Connection closed by remote host"],
    ["unreachable", "Connection timed out during banner exchange"],
    ["unreachable", ""],
  ];
  test.each(cases)("%s: %s", (failure, messages) => {
    expect(dialFailure(messages)).toBe(failure);
  });

  test("a wrong host key and an unreachable host are told apart, each with host and remedy", () => {
    const wrong = dialError(database, "Host key verification failed.");
    const gone = dialError(database, "ssh: connect to host x port 22: Connection refused");
    expect([wrong.code, gone.code]).toEqual(["ssh-host-key", "ssh-unreachable"]);
    for (const error of [wrong, gone]) {
      expect(error).toBeInstanceOf(UserError);
      expect(error.what).toContain("primary/database (10.10.0.20:22 through primary/gateway)");
      expect(error.next).toContain("npx evenkeel status");
    }
  });

  test("only a command that provably never began counts as such", () => {
    expect(neverBegan("Connection closed by UNKNOWN port 65535")).toBe(true);
    expect(neverBegan("Connection closed by 10.0.0.1 port 22")).toBe(false);
    expect(neverBegan("")).toBe(false);
  });

  test("a deadline names the host and the time, and of a secret command nothing", () => {
    expect(deadlineError(gateway, 1500, "[redacted]").what).toBe(
      "primary/gateway (127.0.0.1:2201) did not finish within 1.5 s: [redacted]",
    );
  });
});

describe("a session", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "ssh-test-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A port of this machine on which nothing listens. */
  const closedPort = { ...gateway, port: 1, dialAttempts: 2 };

  test("keeps its key readable by this user alone, with the newline that OpenSSH asks for", async () => {
    const session = await openSsh({
      directory: path.join(folder, "a"),
      privateKey: "KEY",
      hosts: [database],
    });
    expect((await lstat(path.join(folder, "a"))).mode & 0o777).toBe(0o700);
    expect((await lstat(path.join(folder, "a", "key"))).mode & 0o777).toBe(0o600);
    expect(await readFile(path.join(folder, "a", "key"), "utf8")).toBe("KEY\n");
    expect(session.configFile).toBe(path.join(folder, "a", "config"));
    await session.close();
  });

  test("[P19] says ssh-unreachable of a host that refuses, after its bounded tries, without the command's input", async () => {
    const session = await openSsh({
      directory: path.join(folder, "b"),
      privateKey: "KEY",
      hosts: [closedPort],
    });
    const command = { argv: ["secret-command"], stdin: "secret-input", secret: true };
    const failure = await session.run(closedPort.alias, command, { timeoutMs: 5000 }).catch((error) => error);
    expect(failure).toMatchObject({ code: "ssh-unreachable", why: expect.stringContaining("refused") });
    expect(JSON.stringify({ ...failure, message: failure.message, stack: failure.stack })).not.toContain(
      "secret-",
    );
    await session.close();
  });

  test("[P19] is not held up by a host that accepts and never says a word", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const host = { ...closedPort, port, dialAttempts: 1, dialTimeoutSeconds: 1 };
    const session = await openSsh({ directory: path.join(folder, "s"), privateKey: "KEY", hosts: [host] });
    const started = performance.now();
    const asked = session.run(host.alias, { argv: ["true"] }, { timeoutMs: 4000 });
    await expect(asked).rejects.toMatchObject({ code: "ssh-unreachable" });
    expect(performance.now() - started).toBeLessThan(4000);
    await session.close();
    silent.close();
  });

  test("refuses a bad host before it writes anything", async () => {
    const directory = path.join(folder, "c");
    const opened = openSsh({ directory, privateKey: "KEY", hosts: [{ ...gateway, host: "a b" }] });
    await expect(opened).rejects.toMatchObject({ code: "ssh-invalid" });
    await expect(lstat(directory)).rejects.toThrow("ENOENT");
  });

  test("whose folder can't be made is a sentence that names it, no bug", async () => {
    const file = path.join(folder, "file");
    await writeFile(file, "");
    const directory = path.join(file, "ssh");
    const opened = openSsh({ directory, privateKey: "KEY", hosts: [gateway] });
    await expect(opened).rejects.toMatchObject({
      code: "not-writable",
      what: expect.stringContaining(directory),
    });
  });

  test("knows no host that it was not given", async () => {
    const session = await openSsh({ directory: path.join(folder, "d"), privateKey: "KEY", hosts: [] });
    await expect(session.run("x", { argv: ["true"] }, { timeoutMs: 100 })).rejects.toThrow('named "x"');
    await session.close();
  });
});
