import { formatDuration, parseDuration } from '../core/duration.ts';
import type { Facts } from '../core/outcome.ts';
import type { PlannedCheck } from '../ports/check.ts';
import { examine, type Issue, show, suggestion } from './examine.ts';
import { CHECK_NAME, commonSchema, type Registry, type Settings, settingsSchema } from './schema.ts';
import { type MapTree, toValue } from './tree.ts';

const COMMON_KEYS = Object.keys(commonSchema.entries);

/** The settings that a merged configuration makes, or everything that is wrong with it. */
export function plan(
  merged: MapTree,
  registry: Registry,
): { readonly settings: Settings | null; readonly issues: readonly Issue[] } {
  const whole = examine(settingsSchema, toValue(merged));
  const issues = [...whole.issues];
  const checks: PlannedCheck[] = [];
  const written = merged.entries.get('checks');
  for (const [name, check] of written?.kind === 'map' ? written.entries : []) {
    const planned = planCheck(name, toValue(check), registry);
    for (const { keys, message } of planned.issues) issues.push({ keys: ['checks', name, ...keys], message });
    if (planned.check !== null) checks.push(planned.check);
  }
  const { output } = whole;
  if (output === null || issues.length > 0) return { settings: null, issues };

  const { trial } = output;
  for (const check of checks) {
    const longest = check.withinMs + check.stableMs;
    if (longest < trial.deadline) continue;
    issues.push({
      keys: ['checks', check.name, 'within'],
      or: ['trial', 'deadline'],
      message: `within and stable together are ${formatDuration(longest)}, less than trial.deadline (${formatDuration(trial.deadline)}) was wanted`,
    });
  }
  if (issues.length > 0) return { settings: null, issues };
  const settings = {
    checks: checks.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    trial: {
      attempts: trial.attempts,
      soakMs: trial.soak,
      deadlineMs: trial.deadline,
      crashLoop: { reboots: trial.crashLoop.reboots, windowMs: trial.crashLoop.window },
    },
    onRegression: output.onRegression,
    hooks: { timeoutMs: output.hooks.timeout },
    drill: { windows: output.drill.windows },
    bootLoader: output.bootLoader,
    report: { collector: output.report.collector ?? null, group: output.report.group ?? null },
  };
  return { settings, issues };
}

/** The required check of that type and name as it is without any option, for a type that needs none. */
export function defaultCheck(type: string, registry: Registry): PlannedCheck {
  const { check } = planCheck(type, { type, required: true }, registry);
  if (check === null) throw new Error(`${type}: a check of this type needs options`);
  return check;
}

/** One check; null when it is removed, not enabled or not valid. */
function planCheck(
  name: string,
  value: unknown,
  registry: Registry,
): { readonly check: PlannedCheck | null; readonly issues: readonly Issue[] } {
  const refuse = (message: string, keys: Issue['keys'] = []) => ({ check: null, issues: [{ keys, message }] });
  if (!CHECK_NAME.test(name)) {
    return refuse(
      'not a name for a check: small letters, digits, ".", "_" and "-", 63 at most, a letter or digit first',
    );
  }
  if (value === false) return { check: null, issues: [] };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`${show(value)} was given, a map with a type was wanted, or false to remove the check`);
  }
  const entries = Object.entries(value);
  const given = Object.fromEntries(entries.filter(([key]) => COMMON_KEYS.includes(key)));
  const types = [...registry.keys()].sort();
  if (given['type'] === undefined) return refuse(`missing: one of ${types.join(', ')} was wanted`, ['type']);
  const type = registry.get(String(given['type']));
  if (type === undefined)
    return refuse(`${show(given['type'])} is not a check type${suggestion(String(given['type']), types)}`, ['type']);

  const common = examine(commonSchema, given);
  const own = Object.fromEntries(entries.filter(([key]) => !COMMON_KEYS.includes(key)));
  const options = examine(type.schema, own, COMMON_KEYS);
  const issues = [...common.issues, ...options.issues];
  if (issues.length > 0 || common.output === null || !common.output.enabled) return { check: null, issues };
  const { required, within, stable, timeout } = common.output;
  const check = {
    name,
    type: type.type,
    required,
    withinMs: within ?? parseDuration(type.defaults.within),
    stableMs: stable ?? parseDuration(type.defaults.stable),
    timeoutMs: timeout ?? parseDuration(type.defaults.timeout),
    // Options are what YAML can hold, checked by the schema of their type: facts, and kept as JSON in the plan.
    options: options.output as Facts,
  };
  return { check, issues };
}
