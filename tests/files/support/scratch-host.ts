import { type DockerResult, tryDocker } from "../../../automation/lab/docker.ts";
import { type RoleJob, roleProgram } from "../../../components/host/job.ts";
import type { HostFile } from "../../../components/host/remote.ts";
import { labImage } from "../../../components/lab/image.ts";

/** One systemd host of the lab's own image, for one test file, with packages and then without any network. */
export interface ScratchHost {
  run(argv: readonly string[], options?: { input?: string; timeoutMs?: number }): Promise<DockerResult>;
  /** As `run`, a bash script; throws with what it printed when it fails. Returns its standard output. */
  bash(script: string): Promise<string>;
  /** Applies a role as host/remote.ts does: the same program, the same job. Never throws for an exit code. */
  apply(job: Omit<RoleJob, "machineId" | "files"> & { files: HostFile[] }): Promise<DockerResult>;
  remove(): Promise<void>;
}

const installMs = 180_000;

/**
 * Starts the host and installs packages; then its network is taken away, so that nothing a test configures can send
 * a packet anywhere. Throws when Docker or the lab image is missing: such a test is never skipped.
 */
export async function scratchHost(purpose: string, packages: readonly string[]): Promise<ScratchHost> {
  const name = `evenkeel-files-${purpose}-${process.pid}`;
  const image = labImage();
  const found = await tryDocker(["image", "inspect", image], { timeoutMs: 20_000 });
  if (found.exitCode !== 0)
    throw new Error(`the lab image ${image} is missing: npm test makes it (${found.stderr})`);
  const host = scratchHandle(name);
  try {
    await must(
      tryDocker(["run", "-d", "--name", name, ...systemdFlags, image, "/sbin/init"], { timeoutMs: 60_000 }),
    );
    await host.bash(waitForSystemd);
    await host.bash(startSshd);
    await host.bash(installScript(packages));
    await must(tryDocker(["network", "disconnect", "bridge", name], { timeoutMs: 20_000 }));
  } catch (error) {
    await host.remove();
    throw error;
  }
  return host;
}

const systemdFlags = [
  ...["--network", "bridge", "--stop-signal", "SIGRTMIN+3", "--cgroupns=host"],
  ...["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_NICE"],
  ...["--security-opt", "apparmor=unconfined", "--security-opt", "seccomp=unconfined"],
  ...["-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--tmpfs", "/run", "--tmpfs", "/tmp:exec,mode=1777"],
];

const waitForSystemd = `for _ in $(seq 100); do
  state=$(systemctl is-system-running 2>/dev/null || :)
  [ -S /run/systemd/private ] && [[ $state =~ running|degraded ]] && exit 0
  sleep 0.2
done
echo "systemd did not come up within 20 s" >&2; exit 1`;

/** A machine of the lab gets its key from the program; a host without one has no sshd that roles could tell anything. */
const startSshd = `ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key
systemctl reset-failed ssh.service
systemctl restart ssh.service`;

function installScript(packages: readonly string[]): string {
  return `export DEBIAN_FRONTEND=noninteractive
install() { apt-get -qq -y install --no-install-recommends ${packages.join(" ")}; }
install >/dev/null 2>&1 || { apt-get -qq update && install >/dev/null; }`;
}

function scratchHandle(name: string): ScratchHost {
  const run: ScratchHost["run"] = (argv, options = {}) =>
    tryDocker(["exec", "-i", name, ...argv], { timeoutMs: installMs, input: "", ...options });
  return {
    run,
    bash: async (script) => (await must(run(["bash", "-c", `set -euo pipefail\n${script}`]))).stdout,
    apply: (job) => run(["python3", "-I", "-"], { input: programOf(job) }),
    remove: async () => {
      await tryDocker(["rm", "-f", "-v", name], { timeoutMs: 60_000 });
    },
  };
}

/** Every content in a file test is plain text, though a component could also be given one that is not known yet. */
function programOf({ files, ...job }: Parameters<ScratchHost["apply"]>[0]): string {
  return roleProgram({ machineId: "scratch", ...job, files: files as RoleJob["files"][number][] });
}

async function must(work: Promise<DockerResult>): Promise<DockerResult> {
  const result = await work;
  if (result.exitCode !== 0) throw new Error(`exit ${result.exitCode}: ${result.stderr}${result.stdout}`);
  return result;
}
