import { expect, test } from "@jest/globals";
import { freshSession } from "../../../automation/drill/fresh-session.ts";
import type { SshSession } from "../../../automation/remote/ssh.ts";

const closed: string[] = [];

function sessions() {
  closed.length = 0;
  let count = 0;
  return () => {
    count += 1;
    const name = `session ${count}`;
    const one = {
      run: () => Promise.resolve({ exitCode: 0, stdout: name, stderr: "" }),
      close: () => {
        closed.push(name);
        return name === "session 1" ? Promise.reject(new Error("hangs")) : Promise.resolve();
      },
      configFile: name,
    };
    return Promise.resolve(one as unknown as SshSession);
  };
}

test("a renewed session dials anew for everybody who holds it, and every one of them is closed in the end", async () => {
  const ssh = await freshSession(sessions());
  const ask = async () => (await ssh.run("primary/database", { argv: ["true"] }, { timeoutMs: 1 })).stdout;
  expect([await ask(), ssh.configFile]).toEqual(["session 1", "session 1"]);
  await ssh.renew();
  expect([await ask(), ssh.configFile]).toEqual(["session 2", "session 2"]);
  expect(closed).toEqual(["session 1"]);
  await ssh.close();
  expect(closed).toEqual(["session 1", "session 2"]);
});
