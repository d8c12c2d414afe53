import type { CommandModule } from "yargs";

export const completionCommand: CommandModule = {
  command: "completion",
  describe: 'Print completion for this shell: eval "$(npx evenkeel completion)"',
  handler: async () => {
    const [{ completionScript }, { writeResult }] = await Promise.all([
      import("../completion.ts"),
      import("../output.ts"),
    ]);
    writeResult(completionScript());
  },
};
