import { toJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  GetReportResponseSchema,
  OperatorService,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import { withGateway } from "./connect-gateway.ts";
import { formatReport } from "./report-table.ts";

const dayMs = 86_400_000;

/** `switchyard status --report`: what the last days' calls came to, by arm and by model. */
export async function runReport(
  options: CallOptions & { readonly days: number },
  context: CliContext,
): Promise<ExitCode> {
  return withGateway(OperatorService, "operator", options, context, async (calls) => {
    const startTime = timestampFromMs(Date.now() - options.days * dayMs);
    const report = await calls.getReport({ startTime });
    context.stdout.line(
      options.json === true
        ? toJsonString(GetReportResponseSchema, report, { prettySpaces: 2 })
        : formatReport(report),
    );
    return 0;
  });
}
