/** The routes of docs/api.md that the client uses, one method each, by what they are about. */
import { AdminApi } from './admin-api';
import { ChannelsApi } from './channels-api';
import { completed, completedEmoji } from './completed';
import { LaterApi } from './later-api';
import { MessagesApi } from './messages-api';
import { PeopleApi } from './people-api';
import { presenceWord } from './presence';
import type { ApiProblem } from './problem';
import { Requests, type Read } from './request';
import type { Account, Emoji, Override, Presence, ResetInfo, SignupInfo, State } from './schema';
import { ThreadsApi } from './threads-api';

export type { Read } from './request';

export class ApiClient {
  readonly #requests: Requests;
  readonly admin: AdminApi;
  readonly channels: ChannelsApi;
  readonly later: LaterApi;
  readonly messages: MessagesApi;
  readonly people: PeopleApi;
  readonly threads: ThreadsApi;

  constructor(request: typeof fetch, onunauthorized: (problem: ApiProblem) => void = () => {}) {
    const requests = new Requests(request, onunauthorized);
    this.#requests = requests;
    this.admin = new AdminApi(requests);
    this.channels = new ChannelsApi(requests);
    this.later = new LaterApi(requests);
    this.messages = new MessagesApi(requests);
    this.people = new PeopleApi(requests);
    this.threads = new ThreadsApi(requests);
  }

  login(username: string, password: string): Promise<Account> {
    return this.#requests.post('/login', { username, password });
  }
  signup(
    username: string,
    password: string,
    confirm_password: string,
    invite: string | null = null,
  ): Promise<Account> {
    const invited = invite === null ? {} : { invite };
    return this.#requests.post('/signup', { username, password, confirm_password, ...invited });
  }
  /** Whether one may sign up here, asked before there is a session. */
  signupInfo(invite: string | null): Promise<SignupInfo> {
    return this.#requests.get('/signup_info', { invite: invite ?? undefined });
  }
  /** Whose password a reset link sets, asked before there is a session. */
  resetInfo(token: string): Promise<ResetInfo> {
    return this.#requests.get('/reset_info', { token });
  }
  resetPassword(token: string, password: string, confirm_password: string): Promise<void> {
    const path = `/reset-password/${encodeURIComponent(token)}`;
    return this.#requests.post(path, { password, confirm_password });
  }
  logout(): Promise<void> {
    return this.#requests.post('/logout');
  }
  changePassword(current: string, next: string, confirmation: string): Promise<void> {
    return this.#requests.post('/change-password', {
      current_password: current,
      new_password: next,
      confirm_password: confirmation,
    });
  }

  me(): Promise<Account> {
    return this.#requests.get('/me');
  }
  async state(): Promise<Read<State>> {
    const { value, cursor } = await this.#requests.read<State>('/state');
    return { value: completed(value), cursor };
  }
  async emoji(): Promise<readonly Emoji[]> {
    return (await this.#requests.get<Emoji[]>('/emoji')).map(completedEmoji);
  }

  presence(state: Presence): Promise<void> {
    return this.#requests.post('/presence', presenceWord(state));
  }
  async ownOverride(): Promise<Override | null> {
    return (await this.#requests.get<{ override: Override | null }>('/presence/override')).override;
  }
  override(override: Override | null): Promise<void> {
    return this.#requests.post('/presence/override', { override });
  }
}
