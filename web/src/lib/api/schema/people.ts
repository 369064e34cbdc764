/** Who is here, how they show themselves, and how they want to be disturbed. */

export type Presence = 'active' | 'idle' | 'hidden' | 'offline';
export type Override = 'active' | 'idle' | 'offline';

export interface Account {
  id: number;
  username: string;
  is_admin: boolean;
  created_ts: number;
}

export interface Status {
  /** The name of an emoji. */
  readonly emoji: string | null;
  readonly text: string;
  /** From then on it counts as none; whoever shows it looks at the clock. */
  readonly until_ts: number | null;
}

export interface Profile {
  readonly username: string;
  readonly display_name: string | null;
  /** `#rrggbb` */
  readonly name_color: string | null;
  readonly pronouns: string | null;
  readonly time_zone: string | null;
  readonly bio: string | null;
  readonly status: Status | null;
  readonly is_admin: boolean;
  readonly is_deactivated: boolean;
}

/** What one may change of oneself: absent stays, null clears. */
export type ProfileChange = Partial<
  Pick<Profile, 'display_name' | 'name_color' | 'bio' | 'pronouns' | 'time_zone'>
>;

export interface Group {
  readonly id: number;
  /** Without the `@`. */
  readonly handle: string;
  readonly name: string;
  readonly members: readonly string[];
}

/** Do not disturb. The clock times are in the time zone of the profile. */
export interface Dnd {
  readonly enabled: boolean;
  readonly from: string;
  readonly to: string;
  /** 1 is Monday; the days on which a night begins. */
  readonly days: readonly number[];
  /** Paused until then. */
  readonly until_ts: number | null;
}

export type Preferences = Readonly<Record<string, unknown>>;
