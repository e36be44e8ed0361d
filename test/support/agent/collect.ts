/**
 * A collector of PCAP over IP, as a process: `collect.ts JSON`, see {@link CollectTask}. A line of JSON on standard
 * output when it listens, and one for each connection: the port that it comes from.
 */
import { createWriteStream } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

export interface CollectTask {
  readonly port: number;
  /** What comes by the connections is written to `1.pcapng`, `2.pcapng` and so on there; without it nothing is read. */
  readonly folder?: string;
  /**
   * What comes by the first connection goes to the first client of this port instead: for those that connect
   * themselves.
   */
  readonly relayPort?: number;
}

const { port, folder, relayPort } = JSON.parse(process.argv[2] ?? '') as CollectTask;
const say = (value: number): void => {
  process.stdout.write(`${value}\n`);
};

let connections = 0;
let client: (socket: Socket) => void = () => {};
const firstClient = new Promise<Socket>((resolve) => {
  client = resolve;
});
const server = createServer({ pauseOnConnect: true }, (socket) => {
  socket.on('error', () => {});
  connections += 1;
  say(socket.remotePort ?? 0);
  if (relayPort !== undefined && connections === 1) void firstClient.then((reader) => socket.pipe(reader));
  else if (folder !== undefined) socket.pipe(createWriteStream(join(folder, `${connections}.pcapng`)));
});
if (relayPort !== undefined) createServer((socket) => client(socket)).listen(relayPort);
server.listen(port, () => say(0));
