import { constants, openSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { unwritable, type StreamOutput } from '../io/streamOutput.ts';

/** How often it is looked whether Wireshark has opened its end, in milliseconds. */
const lookEvery = 20;

/**
 * The pipe for the packets: a FIFO, or a named pipe on Windows. Its `write` fails with EPIPE when Wireshark has closed
 * it.
 * @param path as Wireshark names it
 * @throws FILE_UNWRITABLE
 */
export async function openPacketPipe(path: string, over: AbortSignal): Promise<StreamOutput> {
  const pipe = await openForWriting(path, over);
  // Each failure is also passed to its own write.
  pipe.on('error', () => undefined);
  return {
    write: async (bytes) =>
      new Promise((resolve, reject) => {
        pipe.write(bytes, (error) => {
          if (error == null) resolve();
          else reject(error);
        });
      }),
    close: async () => {
      if (pipe.destroyed) return;
      await new Promise<void>((resolve) => {
        pipe.on('close', resolve);
        pipe.end(() => pipe.destroy());
      });
    },
  };
}

async function openForWriting(path: string, over: AbortSignal): Promise<Socket> {
  if (isNamedPipe(path)) return connected(path);
  for (;;) {
    try {
      // An open that waits for the reader would keep this process from ending.
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: false, writable: true });
    } catch (error) {
      // ENXIO: nobody reads yet.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || over.aborted) throw unwritable(error, path);
    }
    await sleep(lookEvery);
  }
}

/** The toolbar's pipes: what comes, and what goes. */
export interface ControlPipes {
  readonly write: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

/**
 * Opens the toolbar's pipes. What goes wrong with one of them ends the toolbar, not the capture.
 * @param onBytes gets what Wireshark sends
 */
export async function openControlPipes(
  fromWireshark: string,
  toWireshark: string,
  onBytes: (bytes: Uint8Array) => void,
): Promise<ControlPipes> {
  const input = await openControl(fromWireshark, 'readable');
  const output = await openControl(toWireshark, 'writable');
  for (const pipe of [input, output]) pipe.on('error', () => undefined);
  input.on('data', onBytes);
  return {
    write: (bytes) => {
      if (!output.destroyed && output.writableLength < mostWaiting) output.write(bytes);
    },
    close: () => {
      input.destroy();
      output.destroy();
    },
  };
}

/** Bytes: of a toolbar that nobody reads. */
const mostWaiting = 1024 * 1024;

async function openControl(path: string, way: 'readable' | 'writable'): Promise<Socket> {
  if (isNamedPipe(path)) return connected(path);
  try {
    // Opened for both ways, so that it neither waits for Wireshark nor sees an end before Wireshark has come.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    return new Socket({ fd, readable: way === 'readable', writable: way === 'writable' });
  } catch (error) {
    throw unwritable(error, path);
  }
}

function isNamedPipe(path: string): boolean {
  return path.startsWith('\\\\');
}

async function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.on('error', (error) => reject(unwritable(error, path)));
  });
}
