import { expect, it } from "vitest";
import { mergeMetrics } from "../../src/workers/merge-metrics.ts";

const one = `# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="switchyard"} 1
# HELP calls_total how many
# TYPE calls_total counter
calls_total{model="a",text="x{y}"} 3
calls_total 4
# HELP seconds how long
# TYPE seconds histogram
seconds_bucket{le="1"} 2
seconds_sum 1.5
seconds_count 2
`;
const two = `# HELP calls_total how many
# TYPE calls_total counter
calls_total{model="b"} 5 1395066363000
# HELP other only there
# TYPE other gauge
other 1
`;

it("tells the samples of each worker apart, those of a metric together below one description", () => {
  expect(
    mergeMetrics([
      { worker: 1, text: one },
      { worker: 2, text: two },
    ]),
  ).toBe(`# HELP target_info Target metadata
# TYPE target_info gauge
target_info{worker="1",service_name="switchyard"} 1
# HELP calls_total how many
# TYPE calls_total counter
calls_total{worker="1",model="a",text="x{y}"} 3
calls_total{worker="1"} 4
calls_total{worker="2",model="b"} 5 1395066363000
# HELP seconds how long
# TYPE seconds histogram
seconds_bucket{worker="1",le="1"} 2
seconds_sum{worker="1"} 1.5
seconds_count{worker="1"} 2
# HELP other only there
# TYPE other gauge
other{worker="2"} 1
`);
});
