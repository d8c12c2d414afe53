import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { newcomerEnvironment } from "../../soak/environment.ts";
import { newcomerCommands } from "../../soak/readme.ts";

const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");

const page = (...blocks: string[]) =>
  `# X\n\n## Five minutes (or ten)\n\n${blocks.map((block) => `\`\`\`\n${block}\n\`\`\`\n`).join("\ntext\n\n")}\n## More\n\n\`\`\`\nnpm test\n\`\`\`\n`;
const clone = "git clone <this repository> here && cd here";

describe("what a newcomer runs", () => {
  test("is the README's five minutes in their order, the clone of this one, the destroy as without a terminal", () => {
    const { commands, folder, destroy } = newcomerCommands(readme, "/some/clone");
    expect(folder).toBe("evenkeel");
    expect(commands[0]).toEqual({
      shown: "git clone <this repository> evenkeel && cd evenkeel",
      runs: "git clone /some/clone evenkeel && cd evenkeel",
    });
    expect(commands.slice(1).map(({ runs }) => runs)).toEqual([
      "npm run provision",
      "npm run status",
      "npx evenkeel credentials",
      "npx evenkeel ssh primary/database",
    ]);
    expect(destroy.runs).toBe("npm run destroy -- --yes --confirm shop");
  });

  test("leaves out what a command prints and what other sections say; nothing in a block of commands", () => {
    const text = page(
      `${clone}\nmake it\n`,
      "Look   npx evenkeel status",
      "npm run destroy  # without a terminal: npm run destroy -- --x",
    );
    const { commands, destroy } = newcomerCommands(text, "/a $& b");
    expect(commands.map(({ runs }) => runs)).toEqual(["git clone '/a $& b' here && cd here", "make it"]);
    expect(destroy).toEqual({ shown: "npm run destroy -- --x", runs: "npm run destroy -- --x" });
  });

  test("is refused where the README no longer begins with the clone or ends with the destroy", () => {
    expect(() => newcomerCommands("# X\n\n## Tests\n", "/a")).toThrow('no section "Five minutes"');
    expect(() => newcomerCommands(page("npm run provision\nnpm run destroy"), "/a")).toThrow("begin with");
    expect(() => newcomerCommands(page(`${clone}\nnpm run status`), "/a")).toThrow("end with");
    expect(() => newcomerCommands(page(clone), "/a")).toThrow("end with");
  });
});

test("a newcomer's environment leads to no cache of this user's and to nothing of this clone, but out as this one's", () => {
  const kept = {
    LANG: "C",
    HTTPS_PROXY: "http://proxy",
    NODE_EXTRA_CA_CERTS: "/ca",
    GOPROXY: "https://go",
    npm_config_registry: "https://npm",
  };
  const env = {
    ...kept,
    HOME: "/root",
    PATH: "/clone/node_modules/.bin:/node_modules/.bin:/lib/node-gyp-bin:/usr/bin:/bin",
    npm_config_cache: "/root/.npm",
    npm_config_userconfig: "/root/.npmrc",
    npm_lifecycle_event: "soak",
    INIT_CWD: "/clone",
    NODE: "/x/node",
    NODE_OPTIONS: "--x",
    NODE_COMPILE_CACHE: "/root/.cache/x",
    XDG_CACHE_HOME: "/root/.cache",
    GOMODCACHE: "/root/go",
    EVENKEEL_HOME: "/clone",
    PULUMI_HOME: "/clone/.evenkeel/pulumi",
    GONE: undefined,
  };
  expect(newcomerEnvironment(env, "/new")).toEqual({ ...kept, PATH: "/usr/bin:/bin", HOME: "/new" });
});
