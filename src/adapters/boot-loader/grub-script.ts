/** Words before which no command stands yet. */
const OPENING: ReadonlySet<string> = new Set(['if', 'then', 'else', 'elif', 'while', 'until', 'do', '!']);

/** A word piece, the end of a command, a brace, a comment or a blank; whatever else there is, is one character of a word. */
const TOKEN =
  /\\\n|(?:[ \t\r]|(?<=^|[\s;&|{}])#[^\n]*)+|[\n;&|]+|\$\{[^}\n]{0,80}\}|[{}]|'[^']*'?|"(?:\\[\s\S]|[^"\\])*"?|\\?[\s\S]/gy;

/**
 * The commands that GRUB runs when it reads a script, each as its words without quotes, variables not replaced. What
 * stands in the braces of menu entries and functions runs later or never, and is left out. Never throws.
 */
export function commandsOf(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [];
  let [command, word, depth]: [string[], string | null, number] = [[], null, 0];
  const endWord = () => {
    if (word !== null && (command.length > 0 || !OPENING.has(word))) command.push(word);
    word = null;
  };
  const endCommand = () => {
    endWord();
    if (command.length > 0 && depth === 0) commands.push(command);
    command = [];
  };
  for (const [token] of script.matchAll(TOKEN)) {
    if (token === '\\\n') continue;
    if (/^[ \t\r#]/.test(token)) endWord();
    else if (/^[\n;&|]/.test(token)) endCommand();
    else if (token === '{' || token === '}') {
      endCommand();
      depth = Math.max(0, depth + (token === '{' ? 1 : -1));
    } else word = (word ?? '') + unquoted(token);
  }
  endCommand();
  return commands;
}

function unquoted(token: string): string {
  if (token.startsWith("'")) return token.slice(1).replace(/'$/, '');
  if (token.startsWith('"')) return token.replace(/^"|(?<!\\)"$/g, '').replace(/\\(["\\$])/g, '$1');
  return token.length === 2 && token.startsWith('\\') ? token.slice(1) : token;
}

/** A file beside grub.cfg, as grub.cfg itself, or Fedora's and Debian's pieces of it, name it. */
const BESIDE = /^\$(?:prefix|\{prefix\}|config_directory|\{config_directory\})\/([^/$]+)$/;

/** The names of the files beside grub.cfg that a script reads as part of itself. */
export function sourcedBy(script: string): readonly string[] {
  return commandsOf(script).flatMap(([name, path]) =>
    name === 'source' || name === '.' ? (BESIDE.exec(path ?? '')?.slice(1) ?? []) : [],
  );
}
