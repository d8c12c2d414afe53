import { quote } from "../../automation/remote/shell.ts";

/** What the README tells someone who has nothing yet to run. Pure. */

export interface NewcomerCommand {
  /** As a reader sees it. */
  shown: string;
  /** The line that is run for it. */
  runs: string;
}

export interface NewcomerCommands {
  /** From the clone to the last look, in the README's order. */
  commands: NewcomerCommand[];
  /** The folder that the first one makes; the others are run in it. */
  folder: string;
  /** Takes the site away again. */
  destroy: NewcomerCommand;
}

const cloneLine = /^git clone <this repository> (\S+) && cd \1$/;
const withoutTerminal = /without a terminal: (.+)$/;

/**
 * The commands in the fenced blocks of the README's five minutes, verbatim but for two: `source` stands for the
 * repository, and where a comment says what to type without a terminal, that is run. A block whose first line is no
 * command shows what a command prints. Throws where the section doesn't begin with the clone and end with the destroy.
 */
export function newcomerCommands(readme: string, source: string): NewcomerCommands {
  const section = /^## Five minutes\b.*?(?=^## |$(?![\s\S]))/ms.exec(readme)?.[0];
  if (section === undefined) throw new Error('README.md has no section "Five minutes"');
  const blocks = [...section.matchAll(/^```\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
  const lines = blocks
    .filter((block) => /^(git|npm|npx) /.test(block))
    .flatMap((block) => block.split("\n"))
    .filter((line) => line.trim() !== "");
  const [clone = "", ...rest] = lines;
  const folder = cloneLine.exec(clone)?.[1];
  if (folder === undefined) throw new Error("README.md's five minutes don't begin with git clone … && cd …");
  const commands = rest.map(commandOf);
  const destroy = commands.pop();
  if (destroy === undefined || !destroy.runs.startsWith("npm run destroy"))
    throw new Error("README.md's five minutes don't end with npm run destroy");
  const cloned = clone.replace("<this repository>", () => quote([source]));
  return { commands: [{ shown: clone, runs: cloned }, ...commands], folder, destroy };
}

function commandOf(line: string): NewcomerCommand {
  const [command = "", comment = ""] = line.split(/\s+#\s*/, 2);
  const runs = withoutTerminal.exec(comment)?.[1] ?? command;
  return { shown: runs, runs };
}
