import type { ScriptLog } from '../../ports/script-log.ts';
import { makeSend } from './writer.ts';

/**
 * Output of scripts in the journal, each under its own name. OBJECT_SYSTEMD_UNIT= is how a service writes about another
 * unit: journalctl(1) shows such entries of root with the unit's own.
 */
export function makeScriptLog(): ScriptLog {
  const send = makeSend();
  return {
    write: ({ name, unit, priority, text }) =>
      send({ MESSAGE: text, PRIORITY: priority, SYSLOG_IDENTIFIER: name, OBJECT_SYSTEMD_UNIT: unit }),
  };
}
