import type { NewFile } from '../../lab/overlay.ts';
import type { Ran, RunOptions } from '../../lab/run.ts';

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** What can be done in a running guest, once a shell script can be run in it. */
export abstract class Guest {
  /** Runs a script by sh, and gives what it said; killed in the guest when its time is over. */
  protected abstract script(text: string, input: string | Buffer, timeoutMs: number): Promise<Ran>;

  /** Runs a program; any exit status is an answer. */
  async exec(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { timeoutMs = 30_000, input = '', env = {} } = options;
    const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
    const end = Date.now() + timeoutMs;
    const ran = await this.script(`${variables.join('')}exec ${argv.map(quote).join(' ')}`, input, timeoutMs);
    if (Date.now() < end || ran.exitCode !== 137) return ran; // 137: killed
    throw new Error(`${argv.join(' ')}: no end after ${timeoutMs} ms\n${ran.stdout}${ran.stderr}`);
  }

  /** Runs a shell script and gives its stdout; a failure is an error. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    const ran = await this.exec(['sh', '-euc', script], options);
    if (ran.exitCode === 0) return ran.stdout;
    throw new Error(`${script}: exit status ${ran.exitCode}\n${ran.stdout}${ran.stderr}`);
  }

  /** The text of a file; an error when it is not there. */
  read(path: string): Promise<string> {
    return this.sh('cat -- "$path"', { env: { path } });
  }

  /** Writes a file, with its directory. Not yet on the disk: see `sync`. */
  async write(path: string, file: NewFile): Promise<void> {
    const { content, mode } = typeof file === 'string' || Buffer.isBuffer(file) ? { content: file, mode: 0o644 } : file;
    const env = { path, mode: mode.toString(8) };
    await this.sh('mkdir -p "$(dirname "$path")"; cat >"$path"; chmod "$mode" "$path"', { input: content, env });
  }

  /** Everything written so far survives a power cut. /boot is frozen for a moment: GRUB does not replay its journal. */
  async sync(): Promise<void> {
    await this.sh('sync; fsfreeze --freeze /boot; fsfreeze --unfreeze /boot');
  }

  /** All properties of a unit, as `systemctl show` prints them. */
  async unit(name: string): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await this.exec(['systemctl', 'show', '--', name]);
    return Object.fromEntries(
      stdout.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** Waits until systemd has started all that is to be started, and gives its state: `running`, `degraded`, … */
  async started(timeoutMs: number): Promise<string> {
    const { stdout } = await this.exec(['systemctl', 'is-system-running', '--wait'], { timeoutMs });
    return stdout.trim();
  }
}
