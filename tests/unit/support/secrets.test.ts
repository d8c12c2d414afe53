import { spawnSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { redact } from "../../../automation/redact.ts";
import { basicOf, brokenSystemctl, encodingsOf } from "../../lab/support/secrets.ts";

const words = ["$(id)`x`'\"\\n%s!#+/ü", "-e*~?[a]Zz019"];
const program = brokenSystemctl({ other: ["not-this-one"], web: words });

function call(role: string | null) {
  const environment = role === null ? {} : { EVENKEEL_ROLE: role };
  const env = { PATH: process.env.PATH, ...environment };
  const { status, stdout, stderr } = spawnSync("sh", ["-s", "restart", "nginx"], {
    input: program,
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

test("the broken program repeats the words of its role in every encoding, of which redaction leaves none", () => {
  const { status, stdout, stderr } = call("web");
  const lines = words.map((word) => `web repeats ${[...encodingsOf(word), ...basicOf(word)].join(" ")}`);
  expect({ status, stdout }).toEqual({ status: 7, stdout: "" });
  expect(stderr.split("\n")).toEqual([...lines, "systemctl is broken: restart nginx", ""]);
  const cleaned = redact(stderr, words);
  for (const form of words.flatMap(encodingsOf)) expect(cleaned).not.toContain(form);
  expect(cleaned.match(/^web repeats \[redacted\] /gm)).toHaveLength(2);
});

test("the broken program tells nothing to what is no role", () => {
  for (const role of [null, "mariadb"])
    expect(call(role)).toEqual({ status: 7, stdout: "", stderr: "systemctl is broken: restart nginx\n" });
});
