import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from "@opentelemetry/semantic-conventions";

/**
 * Who sends: service name, version and instance, overridden by `OTEL_SERVICE_NAME` and
 * `OTEL_RESOURCE_ATTRIBUTES`. Not the command line, the user and the host, which the SDK would add.
 * @param worker its number among the processes of one gateway: an instance that the environment names is all of them,
 * and two processes that pushed metrics under one name would overwrite each other
 */
export function serviceResource(version: string, worker: number | undefined): Resource {
  const ours = { [ATTR_SERVICE_NAME]: "switchyard", [ATTR_SERVICE_VERSION]: version };
  const detected = detectResources({ detectors: [serviceInstanceIdDetector, envDetector] });
  const named = detectResources({ detectors: [envDetector] }).attributes[ATTR_SERVICE_INSTANCE_ID];
  const instance =
    worker === undefined || typeof named !== "string"
      ? {}
      : { [ATTR_SERVICE_INSTANCE_ID]: `${named}-${worker}` };
  return defaultResource()
    .merge(resourceFromAttributes(ours))
    .merge(detected)
    .merge(resourceFromAttributes(instance));
}
