import type { MessagesApi, NewPoll } from '../../api/messages-api';
import type { Message, Pin, Reactions } from '../../api/schema';
import { once } from './once';

/** What people do to messages, other than posting. */
export class MessagesCommands {
  constructor(private readonly api: MessagesApi) {}

  edit(id: number, text: string): Promise<Message> {
    return once((key) => this.api.edit(id, text, key));
  }
  delete(id: number): Promise<void> {
    return once((key) => this.api.delete(id, key));
  }
  react(id: number, reaction: string, on: boolean): Promise<Reactions> {
    return once((key) => this.api.react(id, reaction, on, key));
  }
  /** Moves the read marker to just before it. */
  markUnread(id: number): Promise<void> {
    return once((key) => this.api.markUnread(id, key));
  }
  pin(id: number, on: boolean): Promise<Pin[]> {
    return once((key) => this.api.pin(id, on, key));
  }
  save(id: number, on: boolean): Promise<void> {
    return once((key) => this.api.save(id, on, key));
  }
  forward(id: number, channel: string, text: string): Promise<Message> {
    return once((key) => this.api.forward(id, channel, text, key));
  }
  createPoll(channel: string, poll: NewPoll): Promise<Message> {
    return once((key) => this.api.createPoll(channel, poll, key));
  }
  /** The places of the chosen options; none takes the vote back. */
  vote(id: number, options: readonly number[]): Promise<Message> {
    return once((key) => this.api.vote(id, options, key));
  }
  closePoll(id: number): Promise<Message> {
    return once((key) => this.api.closePoll(id, key));
  }
}
