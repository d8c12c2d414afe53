import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";

export interface EngineLog {
  /** Shows a line beside a resource while it is worked on; not kept in the run's diagnostics, as published. */
  line(urn: string, text: string): void;
  /** A warning that stays in the run's diagnostics. */
  warning(urn: string, text: string): void;
}

/** Sends lines to the engine at its address; without one (a plugin started by hand) they go to stderr. */
export function engineLog(address: string | undefined): EngineLog {
  if (address === undefined) {
    const write = (_urn: string, text: string) => void process.stderr.write(`${text}\n`);
    return { line: write, warning: write };
  }
  const client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure());
  const send = (request: InstanceType<typeof enginePb.LogRequest>, urn: string, text: string) => {
    // A line that does not arrive is no reason to fail a step.
    client.log(request.setUrn(urn).setMessage(text), () => undefined);
  };
  const { INFO: info, WARNING: warning } = enginePb.LogSeverity;
  return {
    line: (urn, text) => send(new enginePb.LogRequest().setSeverity(info).setEphemeral(true), urn, text),
    warning: (urn, text) => send(new enginePb.LogRequest().setSeverity(warning), urn, text),
  };
}
