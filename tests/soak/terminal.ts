import { execa } from "execa";
import { quote } from "../../automation/remote/shell.ts";

/**
 * Runs a program at a terminal of its own, which is closed by killing `script` (SIGKILL): it holds the terminal's other
 * end, so the kernel hangs up, as it does on someone whose window or connection goes. Nobody types anything meanwhile.
 */
export function atTerminal(argv: readonly string[], options: { timeoutMs: number }) {
  // util-linux's script gives its terminal the size of its own, and it has none: nothing would fit in that.
  const line = `stty rows 40 cols 120; exec ${quote(argv)}`;
  return execa("script", ["-qfec", line, "/dev/null"], {
    reject: false,
    all: true,
    // It stays open: its end would be typed as Ctrl-D.
    stdin: "pipe",
    timeout: options.timeoutMs,
    // Either of the two makes plain lines of a live terminal.
    env: { CI: undefined, NO_COLOR: undefined, SHELL: "/bin/sh" },
  });
}
