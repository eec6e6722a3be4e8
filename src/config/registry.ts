import { type as command } from '../../checks/command/options.ts';
import { type as containers } from '../../checks/containers/options.ts';
import { type as filesystem } from '../../checks/filesystem/options.ts';
import { type as greenboot } from '../../checks/greenboot/options.ts';
import { type as http } from '../../checks/http/options.ts';
import { type as kernel } from '../../checks/kernel/options.ts';
import { type as network } from '../../checks/network/options.ts';
import { type as tcp } from '../../checks/tcp/options.ts';
import { type as time } from '../../checks/time/options.ts';
import { type as units } from '../../checks/units/options.ts';
import type { CheckType } from './check-type.ts';
import type { Registry } from './schema.ts';

const types: readonly CheckType[] = [
  command,
  containers,
  filesystem,
  greenboot,
  http,
  kernel,
  network,
  tcp,
  time,
  units,
];

/** Every check type that goodboot brings, by name. */
export const checkTypes: Registry = new Map(types.map((type) => [type.type, type]));
