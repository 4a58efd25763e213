import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";

/**
 * Who sends: service name, version and instance, overridden by `OTEL_SERVICE_NAME` and
 * `OTEL_RESOURCE_ATTRIBUTES`. Not the command line, the user and the host, which the SDK would add.
 */
export function serviceResource(version: string): Resource {
  return defaultResource()
    .merge(resourceFromAttributes({ [ATTR_SERVICE_NAME]: "switchyard", [ATTR_SERVICE_VERSION]: version }))
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }));
}
