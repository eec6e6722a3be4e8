/** One line that a script wrote. */
export interface ScriptLine {
  /** The name of the script's file: `journalctl -t NAME` finds it. */
  readonly name: string;
  /** The unit of greenboot that ran such scripts: `journalctl -u UNIT` finds the line there, too. */
  readonly unit: string;
  readonly priority: number;
  readonly text: string;
}

/** Where the output of scripts goes while they run: the journal. Never throws. */
export interface ScriptLog {
  write(line: ScriptLine): void;
}
