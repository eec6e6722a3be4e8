import type * as v from 'valibot';

/** Times of a check that the configuration leaves out, written as durations. */
export interface CheckDefaults {
  readonly within: string;
  readonly stable: string;
  readonly timeout: string;
}

/**
 * What the configuration knows of a check type. It stands apart from the check program (`check.ts`), so that
 * a program that runs once a boot does not load a schema library: the plan it reads is already validated.
 */
export interface CheckType<Schema extends v.GenericSchema = v.GenericSchema> {
  readonly type: string;
  /** One sentence: passes when what. */
  readonly summary: string;
  /** Every key with a description: the JSON Schema and the reference are made from it. */
  readonly schema: Schema;
  readonly defaults: CheckDefaults;
}

export const defineCheckType = <Schema extends v.GenericSchema>(type: CheckType<Schema>): CheckType<Schema> => type;
