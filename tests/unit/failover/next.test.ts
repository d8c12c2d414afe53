import { expect, test } from "@jest/globals";
import { type Commands, commandsOf } from "../../../automation/failover/next.ts";

const written = (commands: Commands) => [
  commands.provision,
  commands.endPause,
  commands.ack,
  commands.unlock,
  commands.resume("primary"),
  commands.resumeWithLoss("primary"),
  commands.fence("primary"),
  commands.mountUploads("primary/web-1"),
  commands.restart("primary/web-1", "nginx.service"),
  commands.restartDatabase("primary", "postgresql"),
  commands.look("primary/web-1"),
  commands.replace("primary", ["urn:a"]),
];

test("every command names the site it is for, before what is passed on; the default one is not named", () => {
  const forSite = written(commandsOf(" --site proof"));
  expect(written(commandsOf(""))).toEqual(forSite.map((one) => one.replace(" --site proof", "")));
  for (const command of forSite) expect(command).toMatch(/^npx evenkeel [^']*--site proof/);
});

test.each([
  ["mariadb", "mariadb"],
  ["postgresql", "postgresql@17-main"],
  [null, "mariadb"],
])("a database of the engine %s is started by its unit, %s", (engine, unit) => {
  expect(commandsOf("").restartDatabase("primary", engine)).toBe(
    `npx evenkeel ssh primary/database -- sudo systemctl restart ${unit}`,
  );
});

test("what is passed on to another program stands behind the site", () => {
  const { look, replace } = commandsOf(" --site proof");
  expect(look("primary/web-1")).toBe("npx evenkeel ssh primary/web-1 --site proof -- systemctl --failed");
  expect(replace("global", ["urn:a", "urn:b"])).toBe(
    "npx evenkeel --site proof pulumi up -s global --replace 'urn:a' --replace 'urn:b'",
  );
});
