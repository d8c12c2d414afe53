import { spawn } from "node:child_process";

/** Behind a program's own deadline it is killed. Milliseconds. */
const killMs = 5000;

/** Runs a host command to its end. `words`: the reasons that it gave. Never throws. */
export async function runProgram(
  command: string,
  words: readonly string[],
  deadlineSeconds: number,
): Promise<{ ok: boolean; words: string }> {
  return await new Promise((resolve) => {
    const child = spawn(command, words, { stdio: ["ignore", "ignore", "pipe"] });
    const patience = setTimeout(() => child.kill("SIGKILL"), deadlineSeconds * 1000 + killMs);
    let said = "";
    child.stderr.on("data", (part: Buffer) => {
      said = `${said}${part.toString("utf8")}`.slice(-2000);
    });
    const end = (ok: boolean) => {
      clearTimeout(patience);
      resolve({ ok, words: said.trim() });
    };
    child.on("error", (cause) => {
      said += cause.message;
      end(false);
    });
    child.on("close", (status) => end(status === 0));
  });
}
