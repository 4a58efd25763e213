import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { GetReportRequest } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { ReportWindow } from "../ledger/report-rows.ts";
import { invalidArgument } from "./validate-message.ts";

const dayMs = 86_400_000;
const defaultDays = 30;

/** The time that a report is asked for: by default the last 30 days. @param now milliseconds since the epoch */
export function reportWindow(
  { startTime, endTime }: Pick<GetReportRequest, "startTime" | "endTime">,
  now: number,
): ReportWindow {
  const to = endTime === undefined ? now : timestampMs(endTime);
  const from = startTime === undefined ? to - defaultDays * dayMs : timestampMs(startTime);
  if (from >= to) {
    throw invalidArgument([{ field: "start_time", description: "must be before end_time" }]);
  }
  return { from, to };
}
