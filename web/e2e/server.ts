/**
 * A real server for a test: its own data directory, a free port, stopped by its own process handle.
 *
 * Neighbours: `people.ts` opens browsers on it, `wire.ts` stands between when a test wants the network to fail.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BINARY =
  process.env['MINIMOST_BIN'] ?? new URL('../../target/debug/minimost', import.meta.url).pathname;

export class Server {
  private child: ChildProcess | undefined;
  url = '';

  private constructor(readonly dataDir: string) {}

  static async start(): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'minimost-e2e-')));
    await server.run(0);
    return server;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Starts again on the same data and port, as after a crash. */
  async restart(): Promise<void> {
    const port = this.port;
    await this.kill('SIGKILL');
    await this.run(port);
  }

  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private async run(port: number): Promise<void> {
    const child = spawn(BINARY, ['--port', String(port), '--data', this.dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // People in tests are quicker than people, and their passwords protect nothing.
        MINIMOST_AUTH__ARGON2_MEMORY_KIB: '64',
        MINIMOST_LIMITS__SIGNUPS_PER_HOUR: '0',
        MINIMOST_LIMITS__LOGINS_PER_MINUTE: '0',
        MINIMOST_LIMITS__SENDS_PER_MINUTE: '0',
        MINIMOST_LIMITS__PASSWORD_CHANGES_PER_HOUR: '0',
      },
    });
    this.child = child;
    const said: string[] = [];
    this.url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`server ended (${code}):\n${said.join('\n')}`)),
      );
      child.once('error', reject);
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          said.push(line);
          const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
          if (url !== undefined) resolve(url.replace(/\/$/, ''));
        });
      }
    });
    child.removeAllListeners('exit');
  }

  private async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
