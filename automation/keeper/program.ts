import { type ChildProcess, spawn } from "node:child_process";

/** Behind a program's own deadline it is killed. Milliseconds. */
const killMs = 5000;

/** How a host command ended. `words`: the reasons that it gave. */
export interface Ended {
  ok: boolean;
  words: string;
}

/** Runs a host command to its end. Never throws. */
export async function runProgram(
  command: string,
  words: readonly string[],
  deadlineSeconds: number,
): Promise<Ended> {
  return await endOf(spawn(command, words, { stdio: ["ignore", "ignore", "pipe"] }), deadlineSeconds);
}

/** Waits for a program that was just begun, or just told what to do. */
async function endOf(child: ChildProcess, deadlineSeconds: number): Promise<Ended> {
  return await new Promise((resolve) => {
    const patience = setTimeout(() => child.kill("SIGKILL"), deadlineSeconds * 1000 + killMs);
    let said = "";
    child.stderr?.on("data", (part: Buffer) => {
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

/**
 * Host commands that are begun ahead and wait for their words (`evenkeel-db await`): with visitors waiting, to begin a
 * program, read its settings and log in at the database takes longer than most of what it does.
 */
export class Spares {
  private readonly command: string;
  private waiting: ChildProcess[] = [];

  constructor(command: string) {
    this.command = command;
  }

  /** Begins as many as are missing. */
  keep(count: number): void {
    while (this.waiting.length < count) this.begin();
  }

  /** Ends those that nobody needs. */
  drop(): void {
    for (const child of this.waiting) child.stdin?.end();
    this.waiting = [];
  }

  /** Runs the words by one that waits, or, where there is none, by one that is begun now. Never throws. */
  async run(words: readonly string[], deadlineSeconds: number): Promise<Ended> {
    const child = this.waiting.shift();
    if (child === undefined) return await runProgram(this.command, words, deadlineSeconds);
    const ended = endOf(child, deadlineSeconds);
    child.stdin?.end(`${words.join(" ")}\n`);
    return await ended;
  }

  private begin(): void {
    const child = spawn(this.command, ["await"], { stdio: ["pipe", "ignore", "pipe"] });
    const gone = () => {
      this.waiting = this.waiting.filter((other) => other !== child);
    };
    // One that is gone before it was needed is missed by nobody; one that goes later says so by its status.
    child.on("error", gone);
    child.on("close", gone);
    child.stdin.on("error", gone);
    this.waiting.push(child);
  }
}
