import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import {
  configText,
  hostProblems,
  includingConfig,
  type SshHost,
} from "../../../automation/remote/ssh-config.ts";
import { carryVariables } from "../../../automation/remote/ssh-environment.ts";
import { sshFiles } from "../../../automation/remote/ssh-files.ts";
import { askpassVariables, loginFiles, type SshLogin } from "../../../automation/remote/ssh-login.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "ssh-login-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const files = sshFiles(folder);
const host = (login?: SshLogin, hostKey: string | null = "ssh-ed25519 AAAA"): SshHost => ({
  ...{ alias: "a", host: "127.0.0.1", port: 22, user: "u", hostKey },
  ...(login === undefined ? {} : { login }),
});

/** The options in force as this machine's ssh reads the config; of one that stands twice, the last. */
function inForce(one: SshHost): Record<string, string> {
  writeFileSync(files.config, configText(files, [one]));
  const printed = execFileSync("ssh", ["-G", "-F", files.config, "a"], { encoding: "utf8" });
  return Object.fromEntries(printed.split("\n").map((line) => line.split(/ (.*)/s).slice(0, 2)));
}

describe("how ssh logs in", () => {
  test("by the session's key alone, where a host has no login of its own", () => {
    expect(inForce(host())).toMatchObject({
      batchmode: "yes",
      identityfile: files.key,
      identityagent: "none",
      preferredauthentications: "publickey",
    });
    expect(askpassVariables(files, undefined)).toEqual({});
  });

  test("by key, then password: in that order, asked once, no agent beside the key", () => {
    const login = { privateKey: "KEY", password: "PW", agentSocket: "/agent" };
    const options = inForce(host(login));
    expect(options).toMatchObject({
      batchmode: "no",
      identityagent: "none",
      numberofpasswordprompts: "1",
      preferredauthentications: "publickey,password,keyboard-interactive",
    });
    expect(options.identityfile).not.toBe(files.key);
    expect(loginFiles(files, login).get(options.identityfile ?? "")).toBe("KEY\n");
  });

  test("by password, then the agent's keys, where there is no key", () => {
    expect(inForce(host({ password: "PW", agentSocket: "/run/my agent" }))).toMatchObject({
      identityfile: "none",
      identityagent: "/run/my agent",
      identitiesonly: "no",
      preferredauthentications: "password,keyboard-interactive,publickey",
    });
  });

  test("a host key is checked unless the host says that none is known", () => {
    expect(inForce(host()).stricthostkeychecking).toBe("true");
    expect(inForce(host({}, null))).toMatchObject({
      stricthostkeychecking: "false",
      userknownhostsfile: "/dev/null",
    });
  });

  test("a secret of two lines is refused, without showing it", () => {
    const problems = hostProblems(host({ password: "one\ntwo", passphrase: "a" }));
    expect(problems).toEqual(["its password holds a line break"]);
  });
});

describe("the program that answers ssh", () => {
  const login = { privateKey: "KEY", passphrase: "PASS PHRASE", password: "PASS WORD" };
  for (const [file, content] of loginFiles(files, login)) writeFileSync(file, content, { mode: 0o600 });
  const variables = askpassVariables(files, login);
  const answer = (question: string, more: Record<string, string> = {}) => {
    const env = { PATH: process.env.PATH, ...variables, ...more };
    return execFileSync(variables.SSH_ASKPASS ?? "", [question], { encoding: "utf8", env, stdio: "pipe" });
  };

  test("holds no secret in its environment", () => {
    expect(JSON.stringify(variables)).not.toMatch(/PASS (PHRASE|WORD)|"KEY"/);
  });

  test("gives the passphrase for this very key only, else the password: a host can't ask for the passphrase", () => {
    expect(answer(`Enter passphrase for key '${variables.EVENKEEL_SSH_KEY}': `)).toBe("PASS PHRASE\n");
    for (const question of ["u@h's password: ", "(u@h) Enter passphrase for key '/x': ", ""])
      expect(answer(question)).toBe("PASS WORD\n");
  });

  test("agrees to nothing, and answers nothing that it has no answer to", () => {
    expect(() => answer("Allow use of key?", { SSH_ASKPASS_PROMPT: "confirm" })).toThrow();
    expect(() => answer("u@h's password: ", { EVENKEEL_SSH_PASSWORD_FILE: "" })).toThrow();
  });
});

describe("variables of a command", () => {
  test("of one line travel in a config file, as ssh reads them there", () => {
    const { configLine, ...rest } = carryVariables({ A: 'a "b" \\ $x # %h', B: "" });
    expect(rest).toEqual({ sendNames: [], processVariables: {} });
    writeFileSync(files.config, configText(files, [host()]));
    const own = path.join(folder, "own");
    writeFileSync(own, includingConfig(files, configLine ?? ""));
    const printed = execFileSync("ssh", ["-G", "-F", own, "a"], { encoding: "utf8" });
    const set = printed.split("\n").filter((line) => line.startsWith("setenv"));
    expect(set.join(" ")).toContain('A=a "b" \\ $x # %h');
    expect(printed).toContain("hostname 127.0.0.1");
  });

  test("of several lines travel in the environment of ssh, but for what would change ssh itself", () => {
    expect(carryVariables({ OUT: "a\nb" })).toEqual({
      configLine: null,
      sendNames: ["OUT"],
      processVariables: { OUT: "a\nb" },
    });
    for (const name of ["LD_PRELOAD", "PATH", "SSH_AUTH_SOCK", "*"])
      expect(() => carryVariables({ [name]: "secret\nvalue" })).toThrow(/^(?!.*secret).*several lines/s);
  });

  test.each(["", "A=B", "A B", 'A"'])("a name that cannot be is refused: %j", (name) => {
    expect(() => carryVariables({ [name]: "x" })).toThrow("cannot name a variable");
  });

  test("a NUL byte is refused without the value", () => {
    expect(() => carryVariables({ A: "secret\0" })).toThrow(new Error("the variable A holds a NUL byte"));
  });
});
