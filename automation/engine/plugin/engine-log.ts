import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";

export interface EngineLog {
  /** Shows a line beside a resource while it is worked on; not kept in the run's diagnostics, as published. */
  line(urn: string, text: string): void;
}

/** Sends lines to the engine at its address; without one (a plugin started by hand) they go to stderr. */
export function engineLog(address: string | undefined): EngineLog {
  if (address === undefined) return { line: (_urn, text) => void process.stderr.write(`${text}\n`) };
  const client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure());
  return {
    line(urn, text) {
      const request = new enginePb.LogRequest()
        .setSeverity(enginePb.LogSeverity.INFO)
        .setUrn(urn)
        .setMessage(text)
        .setEphemeral(true);
      // A line that does not arrive is no reason to fail a step.
      client.log(request, () => undefined);
    },
  };
}
