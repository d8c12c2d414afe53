import { describe, expect, test } from "@jest/globals";
import { roleProgram } from "../../../components/host/job.ts";
import type { WebHost } from "../support/web-host.ts";

/** Leaves nothing behind. */
export function roleTests(web: WebHost): void {
  describe("one role at a time", () => {
    const path = "/tmp/of-a-role";
    const job = {
      role: "second",
      machineId: "m",
      files: [{ path, content: "written" }],
      script: "echo '{}'",
    };
    // A second instead of five minutes.
    const impatient = roleProgram(job).replace(/^LOCK_WAIT_SECONDS = \d+$/m, "LOCK_WAIT_SECONDS = 1");
    const apply = () => web.host.run(["python3", "-I", "-"], { input: impatient });

    test("a second one waits until its deadline, says who is in its way, and writes nothing", async () => {
      expect(impatient).toContain("LOCK_WAIT_SECONDS = 1\n");
      await web.host.bash("systemd-run -q --unit first-role flock /run/evenkeel-role.lock sleep 60");
      try {
        await web.host.bash("until [ -e /run/evenkeel-role.lock ]; do sleep 0.1; done; sleep 0.2");
        expect(await apply()).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("another role has held /run/evenkeel-role.lock for 1 s"),
        });
        expect((await web.host.run(["test", "-e", path])).exitCode).toBe(1);
      } finally {
        await web.host.bash("systemctl stop first-role");
      }
      expect(await apply()).toMatchObject({ exitCode: 0, stdout: "{}" });
      expect(await web.host.bash(`cat ${path}; rm ${path}`)).toBe("written");
    });

    test("where only the program is killed, the next one waits for its script; what a script leaves running holds nobody up", async () => {
      const program = (script: string) => roleProgram({ ...job, script });
      const file = "/tmp/of-a-role.py";
      await web.host.run(["tee", file], { input: program("sleep 4; touch /tmp/script-ended; echo '{}'") });
      await web.host.bash(`python3 -I ${file} >/dev/null 2>&1 & sleep 1; kill -9 $!`);
      expect(await apply()).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("another role has held"),
      });
      await web.host.bash(
        "for _ in $(seq 100); do [ -e /tmp/script-ended ] && break; sleep 0.1; done; sleep 0.2",
      );
      const leaving = program("sleep 20 >/dev/null 2>&1 & echo '{}'");
      const left = await web.host.run(["python3", "-I", "-"], { input: leaving });
      expect(left).toMatchObject({ exitCode: 0, stdout: "{}" });
      expect(await apply()).toMatchObject({ exitCode: 0, stdout: "{}" });
      await web.host.bash(`pkill -x sleep || true; rm -f ${file} /tmp/script-ended ${path}`);
    });
  });

  describe("[S19] sshd of any host", () => {
    const config = "/etc/ssh/sshd_config.d/00-evenkeel.conf";
    const job = {
      role: "any",
      machineId: "m",
      files: [],
      script: ". /usr/local/lib/evenkeel/role.sh\nsecure_ssh\necho '{}'",
    };
    const secure = (...before: string[]) =>
      web.host.run([...before, "python3", "-I", "-"], { input: roleProgram(job) });
    const told = async (name: string) =>
      (await web.host.bash("sshd -T")).split("\n").find((line) => line.startsWith(`${name} `));
    /** What the server that runs says to a client that knows nothing newer. */
    const asOld = () =>
      web.host.bash(
        "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o KexAlgorithms=ecdh-sha2-nistp256 127.0.0.1 2>&1 || true",
      );
    /** Reloads are signals: they are seen a moment later, and so is what the server then says. */
    const hasReloaded = (count: number) =>
      web.host.bash(
        `for _ in $(seq 50); do seen=$(journalctl -u ssh -o cat | grep -c SIGHUP || true)
          [ "$seen" -lt ${count} ] || break; sleep 0.1; done; sleep 0.5; echo "$seen"`,
      );

    test("takes keys only, no root and nothing old; told a second time, it is left alone", async () => {
      expect(await told("x11forwarding")).toBe("x11forwarding yes");
      expect(await asOld()).not.toContain("no matching key exchange method");
      expect(await secure()).toMatchObject({ exitCode: 0, stdout: "{}" });
      expect(await told("x11forwarding")).toBe("x11forwarding no");
      expect(await told("passwordauthentication")).toBe("passwordauthentication no");
      expect(await told("permitrootlogin")).toBe("permitrootlogin no");
      expect((await hasReloaded(1)).trim()).toBe("1");
      expect(await asOld()).toContain("no matching key exchange method");
      expect(await secure()).toMatchObject({ exitCode: 0 });
      expect((await hasReloaded(1)).trim()).toBe("1");
      // As a run leaves it that is killed between the file and the reload.
      await web.host.bash("rm /run/evenkeel-sshd.read");
      expect(await secure()).toMatchObject({ exitCode: 0 });
      expect((await hasReloaded(2)).trim()).toBe("2");
    });

    test("a file that is read before ours and says otherwise fails the role, which says so", async () => {
      const other = "/etc/ssh/sshd_config.d/00-a.conf";
      await web.host.bash(`echo 'PasswordAuthentication yes' >${other}`);
      try {
        const { exitCode, stderr } = await secure();
        expect([exitCode, stderr]).toEqual([
          1,
          expect.stringContaining('sshd reads "passwordauthentication yes" before it comes to'),
        ]);
      } finally {
        await web.host.bash(`rm ${other}`);
      }
      expect((await secure()).exitCode).toBe(0);
    });

    test("what sshd would not start with is not put in place, and where root comes in nothing is", async () => {
      await web.host.bash(`rm ${config}; echo 'Nonsense yes' >>/etc/ssh/sshd_config`);
      try {
        expect(await secure()).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("sshd refuses"),
        });
      } finally {
        await web.host.bash("sed -i '/^Nonsense/d' /etc/ssh/sshd_config");
      }
      expect(await secure("env", "SUDO_USER=root")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("would be locked out"),
      });
      expect((await web.host.run(["test", "-e", config])).exitCode).toBe(1);
      expect((await secure()).exitCode).toBe(0);
    });
  });
}
