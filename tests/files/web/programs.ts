import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { phpFiles, scripts, type WebHost } from "../support/web-host.ts";

const files = join(import.meta.dirname, "../../../components/host/files");

export function programTests(web: WebHost): void {
  describe("the programs themselves accept our files", () => {
    test("nginx, without a warning, and it would have noticed a mistake", async () => {
      expect(await web.host.run(["nginx", "-t", "-q"])).toMatchObject({ exitCode: 0, stderr: "" });
      const snippet = "/etc/nginx/snippets/evenkeel-gate.conf";
      const broken = await web.host.run([
        "bash",
        "-c",
        `echo 'map $a {' >>${snippet}; nginx -t -q; r=$?; sed -i '$d' ${snippet}; exit $r`,
      ]);
      expect(broken.exitCode).toBe(1);
    });

    test.each(phpFiles)("php -l %s", async (path) => {
      expect(await web.host.run(["php", "-l", path])).toMatchObject({ exitCode: 0 });
    });

    test("php -l would have noticed a mistake", async () => {
      expect((await web.host.run(["php", "-l"], { input: "<?php function {" })).exitCode).not.toBe(0);
    });

    test("shellcheck, and it would have noticed a mistake", async () => {
      expect(await web.host.run(["shellcheck", ...scripts])).toMatchObject({ exitCode: 0, stdout: "" });
      expect((await web.host.run(["shellcheck", "-s", "bash", "-"], { input: "rm $1\n" })).exitCode).toBe(1);
    });

    test("shellcheck, what makes the lab's hosts: its parts as one script, as they run", async () => {
      const folder = join(import.meta.dirname, "../../../components/lab");
      const parts = ["engine", "networks", "volumes", "hosts", "link"].map((part) => `lab-host/${part}.sh`);
      const input = ["lab-host.sh", ...parts]
        .map((name) => readFileSync(join(folder, name), "utf8"))
        .join("\n");
      expect(await web.host.run(["shellcheck", "-s", "bash", "-"], { input })).toMatchObject({
        exitCode: 0,
        stdout: "",
      });
    });

    test.each(["mariadb", "postgresql"])("php -l, how a web host asks %s", async (engine) => {
      const input = readFileSync(join(files, engine, "engine.php"), "utf8");
      expect(await web.host.run(["php", "-l"], { input })).toMatchObject({ exitCode: 0 });
    });

    test("shellcheck, the database's programs of both engines", async () => {
      const folders = ["database", "database/db", "database/db/verbs"];
      for (const folder of [...folders, "mariadb", "mariadb/db", "postgresql", "postgresql/db"]) {
        const names = readdirSync(join(files, folder)).filter((name) =>
          /(\.sh|^evenkeel-db|^evenkeel-db-peer)$/.test(name),
        );
        expect(names).not.toEqual([]);
        for (const name of names) {
          const input = readFileSync(join(files, folder, name), "utf8");
          const said = await web.host.run(["shellcheck", "-s", "bash", "-"], { input });
          expect({ folder, name, ...said }).toMatchObject({ exitCode: 0, stdout: "" });
        }
      }
    }, 120_000);

    test("shellcheck, the program of etcd's members: its parts as one script, as they run", async () => {
      const text = (name: string) => readFileSync(join(files, "etcd", name), "utf8");
      const part = /^\. \/usr\/local\/lib\/evenkeel\/etcd\/(.*)$/gm;
      const whole = text("evenkeel-etcd").replace(part, (_, name) => text(name));
      expect(whole).toContain("verb_lock()");
      for (const input of [whole, text("setup.sh")]) {
        const said = await web.host.run(["shellcheck", "-s", "bash", "-"], { input });
        expect(said).toMatchObject({ exitCode: 0, stdout: "" });
      }
    });

    test("systemd, the three units", async () => {
      const units = ["cron.service", "cron.timer", "settle.service"].map(
        (unit) => `/etc/systemd/system/evenkeel-${unit}`,
      );
      expect(await web.host.run(["systemd-analyze", "verify", ...units])).toMatchObject({
        exitCode: 0,
        stderr: "",
      });
    });
  });
}
