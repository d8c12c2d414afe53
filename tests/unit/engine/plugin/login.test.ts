import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { isEncrypted, refuseUnusableLogin, sshLogin } from "../../../../automation/engine/plugin/login.ts";
import { remoteHosts, sshHost } from "../../../../automation/engine/plugin/remote.ts";

const hop = { host: "h", user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
const passphrase = "pass";
const encoding = { type: "pkcs8", format: "pem" } as const;
const publicKeyEncoding = { type: "spki", format: "pem" } as const;
const plainKey = generateKeyPairSync("ed25519", {
  privateKeyEncoding: encoding,
  publicKeyEncoding,
}).privateKey;
const lockedKey = generateKeyPairSync("ed25519", {
  privateKeyEncoding: { ...encoding, cipher: "aes-256-cbc", passphrase },
  publicKeyEncoding,
}).privateKey;

/** The beginning of OpenSSH's own format, as far as it says whether a key is encrypted. */
function opensshKey(cipher: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(cipher.length);
  const body = Buffer.concat([Buffer.from("openssh-key-v1\0"), length, Buffer.from(cipher)]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

describe("ways to log in", () => {
  test("are those that the connection gives; an agent of the machine's own is the last", () => {
    expect(sshLogin(hop, {})).toEqual({});
    expect(sshLogin(hop, { SSH_AUTH_SOCK: "/a" })).toEqual({ agentSocket: "/a" });
    expect(sshLogin({ ...hop, agentSocketPath: "/b" }, { SSH_AUTH_SOCK: "/a" })).toEqual({
      agentSocket: "/b",
    });
    const all = { privateKey: "K", privateKeyPassword: "P", password: "W" };
    expect(sshLogin({ ...hop, ...all }, {})).toEqual({ privateKey: "K", passphrase: "P", password: "W" });
  });

  test("two connections that differ in a secret alone are two hosts", () => {
    const [one, other] = ["a", "b"].map((password) => sshHost({ ...hop, password }));
    expect(one?.alias).not.toBe(other?.alias);
    expect(`${one?.alias}${other?.alias}`).toMatch(/^h-22-[0-9a-f]{8}h-22-[0-9a-f]{8}$/);
  });
});

describe("a private key", () => {
  test.each([
    ["PKCS#8", plainKey, false],
    ["PKCS#8, encrypted", lockedKey, true],
    ["OpenSSH", opensshKey("none"), false],
    ["OpenSSH, encrypted", opensshKey("aes256-ctr"), true],
    ["PKCS#1, encrypted", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n", true],
    ["no key at all", "KEY", false],
  ])("%s", (_name, pem, encrypted) => {
    expect(isEncrypted(pem)).toBe(encrypted);
  });

  test("that is encrypted needs its password, one that isn't takes none", async () => {
    await expect(refuseUnusableLogin({ ...hop, privateKey: lockedKey })).rejects.toThrow(
      "give privateKeyPassword",
    );
    const needless = { ...hop, privateKey: plainKey, privateKeyPassword: passphrase };
    const failure = await refuseUnusableLogin(needless).catch((error: Error) => error.message);
    expect(failure).toContain("is not encrypted");
    expect(failure).not.toContain(passphrase);
    await refuseUnusableLogin({ ...hop, privateKey: lockedKey, privateKeyPassword: passphrase });
  });
});

test("an agent that was named and isn't there is refused before any host is dialed", async () => {
  await expect(refuseUnusableLogin({ ...hop, agentSocketPath: "/nowhere/agent" })).rejects.toThrow(
    "no SSH agent at /nowhere/agent",
  );
});

test("a host key that isn't checked is warned of, once a host; one that is given is not", async () => {
  const hosts = remoteHosts(new AbortController().signal);
  const warned: string[] = [];
  const warn = (text: string) => void warned.push(text);
  const pinned = { ...hop, host: "pinned", hostKey: "ssh-ed25519 AAAA", privateKey: plainKey };
  for (let times = 0; times < 2; times += 1) {
    await hosts.reach({ ...pinned, proxy: { ...hop, host: "open-proxy" } }, warn);
    await hosts.reach(pinned, warn);
  }
  await hosts.close();
  expect(warned).toEqual([expect.stringContaining("open-proxy is not checked")]);
});
