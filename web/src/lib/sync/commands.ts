/**
 * What people do, other than posting. Each wish has one id and is repeated under it when its answer
 * is lost; the result comes back as an event. A refusal is thrown, for `AppState.attempt` or the
 * form that asked.
 */
import type { ApiClient } from '../api/client';
import { AdminCommands } from './commands/admin';
import { ChannelsCommands } from './commands/channels';
import { LaterCommands } from './commands/later';
import { MessagesCommands } from './commands/messages';
import { PeopleCommands } from './commands/people';
import { ThreadsCommands } from './commands/threads';

export class Commands {
  readonly admin: AdminCommands;
  readonly channels: ChannelsCommands;
  readonly later: LaterCommands;
  readonly messages: MessagesCommands;
  readonly people: PeopleCommands;
  readonly threads: ThreadsCommands;

  constructor(api: ApiClient) {
    this.admin = new AdminCommands(api.admin);
    this.channels = new ChannelsCommands(api.channels);
    this.later = new LaterCommands(api.later);
    this.messages = new MessagesCommands(api.messages);
    this.people = new PeopleCommands(api.people);
    this.threads = new ThreadsCommands(api.threads);
  }
}
