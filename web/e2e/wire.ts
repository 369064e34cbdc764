/**
 * A wire between a browser and the server that a test can cut: open connections die and new ones are refused, which is
 * what a lost network looks like to a page, and what a switch in the browser's emulation only pretends.
 */
import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net';

export class Wire {
  private readonly sockets = new Set<Socket>();
  /** Connections whose last request was for the live stream, which ends only with them. */
  private readonly live = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly listener: TcpServer,
    private readonly serverPort: () => number,
    /** A name by which the browser knows the server, and the server does not. */
    private readonly name: string | null,
  ) {
    listener.on('connection', (near) => this.join(near));
  }

  static async lay(serverPort: () => number, name: string | null = null): Promise<Wire> {
    const listener = createServer();
    const wire = new Wire(listener, serverPort, name);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return wire;
  }

  get url(): string {
    return `http://${this.name ?? '127.0.0.1'}:${this.port}`;
  }

  private get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** How many live streams lie through it now. */
  get streams(): number {
    return this.live.size;
  }

  /** How many connections. */
  get connections(): number {
    return this.sockets.size / 2;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  async remove(): Promise<void> {
    this.cut();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private join(near: Socket): void {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.serverPort(), '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.live.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (bytes) => far.write(this.asAsked(near, bytes)));
    near.on('end', () => far.end());
    far.pipe(near);
  }

  /** What a browser says, as one says it who calls the server by the name that it knows. */
  private asAsked(near: Socket, bytes: Buffer): Buffer {
    const text = bytes.toString('latin1');
    // A request begins with its method; browsers do not send the next before they have the answer.
    if (/^[A-Z]+ \//.test(text)) this.live.delete(near);
    if (text.startsWith('GET /events?')) this.live.add(near);
    if (this.name === null) return bytes;
    const known = `127.0.0.1:${this.port}`;
    return Buffer.from(text.replaceAll(`${this.name}:${this.port}`, known), 'latin1');
  }
}
