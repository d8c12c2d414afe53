import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { benchSite } from "../../../../bench/rollout/hosts.ts";
import { ansibleProject } from "../../../../bench/rollout/project.ts";
import { readRecipe, type Step } from "../../../../bench/rollout/recipe.ts";
import { siteExports } from "./state.ts";

const steps = readRecipe(siteExports());
const files = ansibleProject(steps, benchSite(steps), { folder: "/tmp/p" });
const text = (path: string) => files[path] ?? "";

describe("the Ansible project of a recipe", () => {
  test("checks every host's key, by name, and goes through the gateway", () => {
    expect(text("known_hosts")).toContain("evenkeel-bench-web ssh-ed25519 web\n");
    expect(text("known_hosts").trim().split("\n")).toHaveLength(4);
    const web = text("ssh.cfg").replaceAll("\n\n", "\n").split("Host ")[3];
    expect(web).toBe(
      "evenkeel-bench-web\n  HostName 10.10.0.31\n  Port 22\n  HostKeyAlias evenkeel-bench-web\n" +
        "  ProxyJump evenkeel-bench-gateway\n",
    );
    expect(text("ssh.cfg")).toContain("StrictHostKeyChecking yes");
    expect(text("ssh.cfg")).not.toContain("StrictHostKeyChecking no");
    expect(text("id")).toBe("THE KEY\n");
  });

  test("sorts the hosts into the groups that the plays name", () => {
    const { all } = parse(text("inventory.yml")) as { all: { children: Record<string, { hosts: object }> } };
    const groups = Object.entries(all.children).map(([name, { hosts }]) => [name, Object.keys(hosts).length]);
    expect(Object.fromEntries(groups)).toEqual({ gateways: 1, regions: 3, third: 1, birth: 1, round_1: 2 });
    const plays = parse(text("site.yml")) as { hosts: string; strategy: string }[];
    expect(plays.map(({ hosts }) => hosts)).toEqual(["all", "regions", "third", "third:birth", "round_1"]);
    expect(new Set(plays.map(({ strategy }) => strategy))).toEqual(new Set(["free"]));
  });

  test("brings a role's files byte for byte, with mode, and an owner where he is there before any package", () => {
    const { roles, pushes } = parse(text("host_vars/evenkeel-bench-web.yml")) as {
      roles: { files: Record<string, string>[]; folders: string[]; seconds: number }[];
      pushes: object[];
    };
    expect(roles[0]?.files.slice(-3)).toEqual([
      { src: source("/etc/evenkeel/tls/ca.pem"), dest: "/etc/evenkeel/tls/ca.pem", mode: "0644", ...root },
      {
        src: source("/etc/evenkeel/web.env"),
        dest: "/etc/evenkeel/web.env",
        mode: "0600",
        owner: "www-data",
        group: "www-data",
      },
      { src: source("/etc/evenkeel/db.pem"), dest: "/etc/evenkeel/db.pem", mode: "0640" },
    ]);
    expect(text(source("/etc/evenkeel/tls/ca.pem"))).toBe("CA ${#x[@]} {{ y }}\n");
    expect(text("hosts/evenkeel-bench-web/web.sh")).toBe("echo web's\n");
    expect(roles[0]?.folders).toEqual(["/etc/evenkeel/tls", "/usr/local/lib/evenkeel/look"]);
    expect(roles[0]?.seconds).toBe(900);
    expect(pushes).toEqual([{ src: "assets/ab12", dest: "/var/tmp/core", hash: "ab12" }]);
  });

  test("hands secrets on as files only: no task and no variable holds one", () => {
    const told = Object.entries(files).filter(([path]) => path.endsWith(".yml"));
    expect(told.filter(([, content]) => /THE KEY|PASSWORD=/.test(content))).toEqual([]);
    expect(text("lab/network-evenkeel-bench-net.json")).toBe('{"site":"bench","place":"primary"}');
    const role = parse(text("role.yml")) as { name: string; no_log?: boolean }[];
    expect(role.find(({ name }) => name === "Files")?.no_log).toBe(true);
  });

  test("runs the chain of verbs from one host, each on its own", () => {
    const birth = (parse(text("site.yml")) as { tasks: Record<string, unknown>[] }[])[3]?.tasks ?? [];
    expect(birth.filter(({ delegate_to }) => delegate_to !== undefined)).toMatchObject([
      { name: "global/birth", delegate_to: "evenkeel-bench-database" },
      { name: "global/install", delegate_to: "evenkeel-bench-web" },
    ]);
  });

  test("runs a role's script when something changed or it never finished, and tells it what", () => {
    const tasks = parse(text("role.yml")) as Record<string, Record<string, unknown>>[];
    const task = (name: string) => tasks.find((one) => String(one.name) === name);
    const pending = "/var/lib/evenkeel/roles/{{ role.name }}.pending";
    expect(task("Note what changed")).toMatchObject({
      "ansible.builtin.command": {
        cmd: `tee -a ${pending}`,
        stdin: expect.stringContaining("| map(attribute='item.dest') | join('\n') }}"),
      },
      when: "role_files is changed or role_script is changed",
    });
    expect(task("Run the script")).toMatchObject({
      "ansible.builtin.shell": { cmd: expect.stringMatching(/ && rm \S+ \S+ \S+pending$/), removes: pending },
      environment: { EVENKEEL_CHANGED: pending, EVENKEEL_ROLE: "{{ role.name }}" },
    });
  });

  test("is refused where the recipe's order can't be kept or an input would be taken for a template", () => {
    const changed = (id: string, change: Partial<Step>) =>
      steps.map((step) => (step.id === id ? ({ ...step, ...change } as Step) : step));
    const build = (found: Step[]) => () => ansibleProject(found, benchSite(found), { folder: "/tmp/p" });
    expect(build(changed("primary/balancer-role", { after: ["primary/web-role"] }))).toThrow("the order");
    expect(build(changed("global/birth", { stdin: '{"a":1}' } as never))).toThrow("global/birth");
  });
});

const root = { owner: "root", group: "root" };

function source(path: string): string {
  return `hosts/evenkeel-bench-web/web${path}`;
}
