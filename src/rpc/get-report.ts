import type { GetReportRequest } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { reportOf } from "../ledger/report.ts";
import type { Catalog } from "../routing/catalog.ts";
import { errorInfo } from "./error-info.ts";
import { reportResponse } from "./report-response.ts";
import { reportWindow } from "./report-window.ts";
import { RpcError } from "./rpc-error.ts";
import type { Clock } from "./wire-time.ts";

/** What a report is made from. */
export interface ReportSources {
  readonly ledger: Pick<Ledger, "report">;
  readonly catalog: Pick<Catalog, "models">;
  readonly clock: Pick<Clock, "wallClock">;
}

/** The report that a request asks for. FAILED_PRECONDITION where no ledger is kept, UNAVAILABLE where it is away. */
export async function getReport(
  request: GetReportRequest,
  { ledger, catalog, clock }: ReportSources,
): Promise<ReturnType<typeof reportResponse>> {
  const window = reportWindow(request, clock.wallClock());
  const result = await ledger.report(window);
  switch (result.kind) {
    case "report":
      return reportResponse(reportOf(result.rows, [...catalog.models.values()]), window);
    case "off":
      throw new RpcError(
        "FAILED_PRECONDITION",
        "no ledger is kept: name ledger.path or ledger.url in place of ledger.off",
        [errorInfo("LEDGER_OFF")],
      );
    case "unavailable":
      throw new RpcError("UNAVAILABLE", `the ledger cannot be read: ${result.why}`, [
        errorInfo("LEDGER_UNAVAILABLE"),
      ]);
  }
}
