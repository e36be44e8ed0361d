import { connect } from 'node:tls';
import { host } from './injector.ts';

/**
 * Sends one review again and again over a few connections, some at once on each; how many were answered with a patch.
 */
export async function sendMany(port: number, ca: string, body: string, count: number): Promise<number> {
  const connections = 4;
  // Node breaks a connection whose client sends much more before it has read the answers.
  const batch = 3;
  const bytes = Buffer.from(
    `POST /inject/privileged HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`.repeat(
      batch,
    ),
  );
  const one = async (): Promise<number> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: host, ca });
      let answered = 0;
      let text = '';
      socket
        .setEncoding('latin1')
        .on('error', reject)
        .on('close', () => resolve(answered));
      socket.on('data', (chunk: string) => {
        const parts = (text + chunk).split('"patch":"');
        text = parts.at(-1)?.slice(-20) ?? '';
        answered += parts.length - 1;
        if (answered >= count / connections) socket.destroy();
        else if (parts.length > 1 && answered % batch === 0) socket.write(bytes);
      });
      socket.write(bytes);
    });
  const answers = await Promise.all(Array.from({ length: connections }, one));
  return answers.reduce((sum, answered) => sum + answered, 0);
}
