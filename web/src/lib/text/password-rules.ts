/** What the server asks of a password and a name by default. The server decides; this only helps. */

export interface Rule {
  readonly text: string;
  readonly isMet: boolean;
}

const PASSWORD_CHARS_MIN = 8;
/** The server knows the common passwords, and says so; this much of it can be seen while typing. */
const PASSWORD_DIFFERENT_MIN = 5;
export const USER_NAME_CHARS_MAX = 32;
export const USER_NAME_PATTERN = '[A-Za-z0-9_\\-]+';

export function passwordRules(password: string): readonly Rule[] {
  const characters = [...password];
  return [
    {
      text: `At least ${PASSWORD_CHARS_MIN} characters; a few words are fine`,
      isMet: characters.length >= PASSWORD_CHARS_MIN,
    },
    {
      text: `At least ${PASSWORD_DIFFERENT_MIN} different characters`,
      isMet: new Set(characters).size >= PASSWORD_DIFFERENT_MIN,
    },
  ];
}

export function isStrong(password: string): boolean {
  return passwordRules(password).every((rule) => rule.isMet);
}

/** Why a name will be refused; null when it looks right. */
export function userNameProblem(name: string): string | null {
  if (name === '') return null;
  if (!new RegExp(`^${USER_NAME_PATTERN}$`).test(name)) {
    return 'Letters, digits, dash and underscore only.';
  }
  return name.length > USER_NAME_CHARS_MAX ? `At most ${USER_NAME_CHARS_MAX} characters.` : null;
}
