/**
 * The members of opossum 10 that `opossum-circuit.ts` uses. The published types describe version 8.
 * @see https://nodeshift.dev/opossum/
 */
declare module "opossum" {
  import type { EventEmitter } from "node:events";

  interface CircuitBreakerOptions {
    readonly name: string;
    /** `false`: no timer of its own for a call. */
    readonly timeout: false | number;
    readonly resetTimeout: number;
    readonly errorThresholdPercentage: number;
    /** Anything but an integer counts as 0. */
    readonly volumeThreshold: number;
    readonly rollingCountTimeout: number;
    readonly rollingCountBuckets: number;
    readonly rollingPercentilesEnabled: boolean;
    readonly enableSnapshots: boolean;
    /** Its `rotate` event replaces an interval of the window's own. */
    readonly rotateBucketController: EventEmitter;
    readonly state: { readonly closed: boolean; readonly halfOpen: boolean };
  }

  /** All that is asked of an action's promise. */
  export interface Settleable {
    then(onSuccess: (value: unknown) => unknown): { catch(onFailure: (error: unknown) => unknown): unknown };
  }

  class CircuitBreaker<Arguments extends readonly unknown[]> extends EventEmitter {
    constructor(action: (...args: Arguments) => Settleable, options: Partial<CircuitBreakerOptions>);
    readonly opened: boolean;
    readonly stats: { readonly fires: number; readonly failures: number };
    fire(...args: Arguments): Promise<unknown>;
    open(): void;
    shutdown(): void;
  }

  // oxlint-disable-next-line import/no-default-export -- what the module's CommonJS export is to an importer
  export default CircuitBreaker;
}
