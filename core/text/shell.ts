import { visible } from './visible.ts';

/**
 * Text as one word of a POSIX shell, in single quotes: nothing in it is run, expanded or split. What a reader would not see, or
 * a terminal obeys, is left as it is: where names of anybody's are to be pasted take {@link shellAssignment}.
 */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A line that gives a shell variable any text, and is what it looks like: characters that nobody sees, or that would break the
 * line or turn its direction, stand there by number. A command substitution drops line feeds at the end, so a dot keeps them.
 */
export function shellAssignment(variable: string, text: string): string {
  if (visible(text) === text) return `${variable}=${shellWord(text)}`;
  const format = [...text].map(formatted).join('');
  return `${variable}=$(printf ${shellWord(`${format}.`)}); ${variable}=\${${variable}%.}`;
}

/** A character in a format of printf(1): octal numbers of bytes are what every shell knows. */
function formatted(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === '%') return '%%';
  if (visible(character) === character) return character;
  return [...new TextEncoder().encode(character)]
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
}
