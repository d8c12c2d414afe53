import { expect, test } from "@jest/globals";
import { secretTexts } from "../../../../automation/engine/plugin/secret-texts.ts";
import { asSecret } from "../../../../automation/engine/plugin/values.ts";
import { redact } from "../../../../automation/redact.ts";
import { roleProgram } from "../../../../components/host/job.ts";

/** What a message becomes where this text is a secret input. */
const shown = (message: string, secret: string) => redact(message, secretTexts(asSecret(secret)));

const password = `Pa55"word/of+app`;
const plain = "Pa55word-of-app";

const contents: [string, string, string][] = [
  [
    "an environment file's JSON string",
    `# Made.\nDB_PASSWORD=${JSON.stringify(password)}\nB="1"\n`,
    password,
  ],
  ["an environment file's bare value", `ROOT_ACCESS_KEY=A\nROOT_SECRET_KEY=${plain}\n`, plain],
  ["a shell's export", `export PW='${plain}'\n`, plain],
  ["YAML", `users:\n  - password: ${plain}\n`, plain],
  ["YAML in quotes", `users:\n  password: '${plain}'\n`, plain],
  ["Redis' access list", `user default off\nuser web on >${plain} ~* +@all\n`, plain],
  ["pdns.conf", `api=yes\napi-key=${plain}\n`, plain],
  ["curl's user and password", `user = "ACCESS:${plain}"\n`, plain],
  ["a JSON document", JSON.stringify({ users: [{ password }] }, null, 2), password],
  ["a line of JSON", `# Made.\n${JSON.stringify({ users: [{ password }] })}\n`, password],
  ["a part of JSON", `{\n  "password": ${JSON.stringify(password)},\n  // cut off`, password],
  ["words alone that a name calls secret", "PASSWORD=correct-horse-battery\n", "correct-horse-battery"],
];

test.each(contents)(
  "a program's error shows no password out of %s, in no usual form",
  (_, content, value) => {
    const program = roleProgram({
      role: "web",
      machineId: "m",
      files: [{ path: "/etc/x", content }],
      script: "true",
    });
    for (const secret of [content, program]) {
      for (const form of [
        value,
        JSON.stringify(value).slice(1, -1),
        Buffer.from(value).toString("base64").replace(/=+$/, ""),
        Buffer.from(value).toString("base64url"),
        encodeURIComponent(value),
        new URLSearchParams({ "": value }).toString().slice(1),
      ])
        expect(shown(`Access denied, password ${form} (28000)`, secret)).toBe(
          "Access denied, password [redacted] (28000)",
        );
      const basic = Buffer.from(`wp:${value}`).toString("base64").slice(4).replace(/=+$/, "");
      expect(shown(`Authorization: Basic ${basic}`, secret)).not.toContain(basic.slice(4, -4));
    }
  },
);

test.each([
  ["a list below a name that promises one", { passwords: ["correct-horse-battery"] }],
  ["a mapping below such a name", { password: { primary: "correct-horse-battery" } }],
  ["a list alone", ["correct-horse-battery"]],
  ["a short name", { pw: "correct-horse-battery" }],
  ["a list of mappings", [{ user: "web", tokens: { a: ["correct-horse-battery"] } }]],
])("an ordinary word is a secret in %s", (_, document) => {
  expect(shown("it read correct-horse-battery", JSON.stringify(document))).toBe("it read [redacted]");
});

test("what says where to look stays, and so do short and ordinary words", () => {
  const secret = [
    "/etc/evenkeel/tls/ca.pem",
    "DB_HOST=10.10.0.20",
    "address: 10.10.0.20:3306",
    "user = www-data",
    "After=mariadb.service",
    "engine=mariadb",
    "PIN=1234567",
    `PASSWORD=${plain}`,
  ].join("\n");
  const message = "10.10.0.20:3306 of www-data, mariadb.service: see /etc/evenkeel/tls/ca.pem, 1234567";
  expect(shown(message, secret)).toBe(message);
  expect(shown(`${message} ${plain}`, secret)).toBe(`${message} [redacted]`);
});

test("a line of a key that begins like a path is found", () => {
  const line = "/Ab3nLvVCmNc2hlcXVlLm5vdC1hLXBhdGgAAAAtoRrc0PZ";
  const key = `-----BEGIN KEY-----\n${line}\n-----END KEY-----\n`;
  expect(shown(`it read ${line}`, key)).toBe("it read [redacted]");
  expect(shown("-----BEGIN KEY----- is missing", key)).toBe("-----BEGIN KEY----- is missing");
});

test("only what is marked as secret is one, at whatever depth", () => {
  const value = {
    environment: { A: "open-value", B: asSecret("hidden-value") },
    list: [asSecret(["hidden-too"])],
  };
  expect(secretTexts(value)).toEqual(["hidden-value", "hidden-too"]);
});

test("the name of the role that says something stands in what it says", () => {
  const program = roleProgram({
    role: "balancer",
    machineId: "m",
    files: [
      { path: "/etc/x", content: JSON.stringify({ unit: "haproxy.service", password: "correct-horse" }) },
    ],
    script: "true",
  });
  expect(shown("balancer: haproxy.service does not take correct-horse", program)).toBe(
    "balancer: haproxy.service does not take [redacted]",
  );
});
