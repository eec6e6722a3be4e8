import { errnoOf, GoodbootError } from '../../core/errors.ts';
import { PROGRAMS } from '../../core/package/layout.ts';
import { parseProgramHeader } from '../../core/package/program-header.ts';

/** The beginning of a file, and how long the file is. */
export interface FileStart {
  readonly head: Uint8Array;
  readonly sizeBytes: number;
}

const AGAIN = 'download it again, and compare its checksum with that of the release';

/**
 * Looks at the programs before anything is changed: what a broken download or another machine's release would leave
 * behind is a node that judges no boot. `machine`: the one they must be for; null: the same for all, whatever it is.
 * @throws GoodbootError INSTALL_REFUSED
 */
export async function verifyPrograms(
  startOf: (from: string) => Promise<FileStart>,
  programs: string,
  machine: string | null,
): Promise<void> {
  let wanted = machine === null ? null : { machine, who: 'this machine is' };
  for (const name of PROGRAMS) {
    const from = `${programs}/${name}`;
    const { head, sizeBytes } = await startOf(from).catch((cause: unknown) => {
      const hint = `the directory holds a release: ${PROGRAMS.join(', ')}`;
      throw new GoodbootError('INSTALL_REFUSED', `${from}: cannot be read: ${errnoOf(cause) ?? 'failed'}`, {
        cause,
        hint,
      });
    });
    const header = parseProgramHeader(head);
    if (header === null) throw new GoodbootError('INSTALL_REFUSED', `${from}: is no program`, { hint: AGAIN });
    if (sizeBytes < header.endBytes) {
      const there = `${sizeBytes} of ${header.endBytes} bytes are there`;
      throw new GoodbootError('INSTALL_REFUSED', `${from}: is cut off, ${there}`, { hint: AGAIN });
    }
    wanted ??= { machine: header.machine, who: `${programs}/${PROGRAMS[0]} is for` };
    if (header.machine !== wanted.machine) {
      throw new GoodbootError('INSTALL_REFUSED', `${from}: is for ${header.machine}, ${wanted.who} ${wanted.machine}`, {
        hint: `take the release for ${wanted.machine}; with --root it may be for another machine`,
      });
    }
  }
}
