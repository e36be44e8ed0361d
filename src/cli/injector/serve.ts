import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { injectAnnotation, parseQuantity } from '../../settings/index.ts';
import { injectorMounts, injectorPorts } from '../../ways/webhook/names.ts';
import { defaultLimits, type Limits } from '../../ways/webhook/server/limits.ts';
import { startInjector, type Injector } from '../../ways/webhook/server/serve.ts';
import { durationOfFlag } from '../flags/flagValues.ts';

interface ServeFlags {
  readonly port: string;
  readonly metricsPort: string;
  readonly host?: string;
  readonly config: string;
  readonly certificates: string;
  readonly clientCa?: string;
  readonly annotation: string;
  readonly optOut?: boolean;
  readonly drain: string;
  readonly poll: string;
  readonly maxConnections: string;
  readonly maxBody: string;
  readonly maxParsed: string;
  readonly maxBodies: string;
  readonly maxJsonValues: string;
  readonly maxJsonDepth: string;
  readonly headTimeout: string;
  readonly bodyTimeout: string;
}

/** `serve`: the admission server, until SIGTERM. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('answer admission reviews over HTTPS until SIGTERM')
    .option('--port <PORT>', 'the port for reviews and health checks, HTTPS', String(injectorPorts.https))
    .option('--metrics-port <PORT>', 'the port for Prometheus, plain HTTP', String(injectorPorts.metrics))
    .option('--host <ADDRESS>', 'the address to listen on (default: all)')
    .option('--config <FILE>', 'sidecarconfig.yaml; read again when it changes', injectorMounts.config)
    .option(
      '--certificates <DIR>',
      'the folder with tls.crt and tls.key; read again when they change',
      injectorMounts.certificates,
    )
    .option('--client-ca <FILE>', 'answer only clients with a certificate of this CA; read again when it changes')
    .option('--annotation <KEY>', 'the annotation by which a pod asks for injection', injectAnnotation)
    .option('--opt-out', 'inject every pod unless that annotation is "false"')
    .option('--drain <DURATION>', 'how long to keep serving after SIGTERM', '10s')
    .option('--poll <DURATION>', 'how often to look at the files when no event arrives', '10s')
    .option(
      '--max-connections <NUMBER>',
      'half of them are reserved for clients that have had an answer to a review',
      String(defaultLimits.connections),
    )
    .option('--max-body <QUANTITY>', 'larger bodies are refused', '7Mi')
    .option('--max-parsed <QUANTITY>', 'larger reviews are answered without a patch', '4Mi')
    .option('--max-bodies <QUANTITY>', 'the limit for all reviews that are being received', '16Mi')
    .option(
      '--max-json-values <NUMBER>',
      'reviews with more are answered without a patch',
      String(defaultLimits.jsonValues),
    )
    .option('--max-json-depth <NUMBER>', 'deeper reviews are answered without a patch', String(defaultLimits.jsonDepth))
    .option(
      '--head-timeout <DURATION>',
      'the limit for the TLS handshake, and for the head of a request from its first byte',
      '10s',
    )
    .option('--body-timeout <DURATION>', 'the limit for the body of a request', '5s')
    .action(async (flags: ServeFlags) => {
      collectAtOnce();
      const injector = await startInjector({
        https: { host: flags.host, port: portOf(flags.port, '--port') },
        metrics: { host: flags.host, port: portOf(flags.metricsPort, '--metrics-port') },
        config: flags.config,
        certificates: flags.certificates,
        clientCa: flags.clientCa,
        annotation: flags.annotation,
        optOut: flags.optOut === true,
        drainMs: millisecondsOf(flags.drain, '--drain'),
        pollMs: millisecondsOf(flags.poll, '--poll'),
        limits: limitsOf(flags),
        collect: makeCollector(),
        output: process.stdout,
      });
      stopOnSignal(injector);
    });
}

/**
 * A heap of 10 MB is collected at once in a few milliseconds; bit by bit, it would double meanwhile. Said here and not
 * on Node's command line: with this flag there V8 takes none of the code that Node brings compiled, and starts 60 ms
 * later.
 */
function collectAtOnce(): void {
  setFlagsFromString('--no-incremental-marking');
}

/** Makes V8 collect garbage. The function is made on first use, because that takes a context of its own. */
function makeCollector(): () => void {
  let gc: (() => void) | undefined;
  return () => {
    if (gc === undefined) {
      setFlagsFromString('--expose-gc');
      gc = runInNewContext('gc') as () => void;
    }
    gc();
  };
}

/**
 * The first signal drains; the second one, from someone who waits at a terminal, ends it at once. SIGTERM is how
 * Kubernetes ends a server that has done well: exit code 0; after Ctrl-C it is 130, as in every command.
 */
function stopOnSignal({ stop, flushLog }: Injector): void {
  let stopping = false;
  const endWell = async (code: number): Promise<void> => {
    await stop();
    await Promise.race([new Promise<void>((resolve) => flushLog(resolve)), sleep(lastLinesMs)]);
    process.exit(code);
  };
  const end = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 1);
    stopping = true;
    void endWell(signal === 'SIGINT' ? 130 : 0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // For every way in which the server ends.
  process.on('exit', () => flushLog());
}

/** Milliseconds that a stuck reader of the log may delay the exit. */
const lastLinesMs = 500;

function portOf(text: string, where: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw codedError('USAGE', `"${text}" is not a port`, { where });
}

function limitsOf(flags: ServeFlags): Limits {
  const limits = {
    connections: countOf(flags.maxConnections, '--max-connections', 8),
    bodyBytes: bytesOf(flags.maxBody, '--max-body'),
    parsedBytes: bytesOf(flags.maxParsed, '--max-parsed'),
    bodiesBytes: bytesOf(flags.maxBodies, '--max-bodies'),
    jsonValues: countOf(flags.maxJsonValues, '--max-json-values', 1000),
    jsonDepth: countOf(flags.maxJsonDepth, '--max-json-depth', 20),
    headMs: millisecondsOf(flags.headTimeout, '--head-timeout', 100),
    bodyMs: millisecondsOf(flags.bodyTimeout, '--body-timeout', 100),
  };
  // A growing body is copied into a buffer of twice its size, which counts too.
  if (limits.bodiesBytes >= 2 * limits.parsedBytes) return limits;
  throw codedError('USAGE', `"${flags.maxBodies}" is less than twice --max-parsed ${flags.maxParsed}`, {
    where: '--max-bodies',
  });
}

function countOf(text: string, where: string, least: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least) return count;
  throw codedError('USAGE', `"${text}" is not a number from ${least} on`, { where });
}

/** The least values that the smallest reviews need. */
const leastBytes = 64 * 1024;

function bytesOf(text: string, where: string): number {
  const bytes = parseQuantity(text);
  if (bytes !== undefined && bytes >= leastBytes && bytes <= 2 ** 30) return bytes;
  throw codedError('USAGE', `"${text}" is not a quantity from 64Ki to 1Gi`, { where });
}

function millisecondsOf(text: string, where: string, least = 0): number {
  return durationOfFlag(text, where, { example: '10s', least: least / 1000 }) * 1000;
}
