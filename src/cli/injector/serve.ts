import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { injectAnnotation, parseDuration } from '../../settings/index.ts';
import { injectorMounts, injectorPorts } from '../../webhook/names.ts';
import { startInjector, type Injector } from '../../webhook/server/serve.ts';

interface ServeFlags {
  readonly port: string;
  readonly metricsPort: string;
  readonly host?: string;
  readonly config: string;
  readonly certificates: string;
  readonly annotation: string;
  readonly optOut?: boolean;
  readonly drain: string;
  readonly poll: string;
}

/** `serve`: the admission server, until SIGTERM. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('answer admission reviews over HTTPS until SIGTERM')
    .option('--port <PORT>', 'for reviews and health checks, HTTPS', String(injectorPorts.https))
    .option('--metrics-port <PORT>', 'for Prometheus, plain HTTP', String(injectorPorts.metrics))
    .option('--host <ADDRESS>', 'to listen on (default: all)')
    .option('--config <FILE>', 'sidecarconfig.yaml; read again when it changes', injectorMounts.config)
    .option('--certificates <DIR>', 'with tls.crt and tls.key; read again when they change', injectorMounts.certificates)
    .option('--annotation <KEY>', 'by which a pod asks for injection', injectAnnotation)
    .option('--opt-out', 'inject every pod unless that annotation says "false"')
    .option('--drain <DURATION>', 'how long to keep serving after SIGTERM', '10s')
    .option('--poll <DURATION>', 'how often to look at the files when no event tells', '10s')
    .action(async (flags: ServeFlags) => {
      collectAtOnce();
      const injector = await startInjector({
        https: { host: flags.host, port: portOf(flags.port, '--port') },
        metrics: { host: flags.host, port: portOf(flags.metricsPort, '--metrics-port') },
        config: flags.config,
        certificates: flags.certificates,
        annotation: flags.annotation,
        optOut: flags.optOut === true,
        drainMs: millisecondsOf(flags.drain, '--drain'),
        pollMs: millisecondsOf(flags.poll, '--poll'),
        output: process.stdout,
      });
      stopOnSignal(injector);
    });
}

/**
 * A heap of 10 MB is collected at once in a few milliseconds; bit by bit, it would double meanwhile. Said here and not on
 * Node's command line: with this flag there V8 takes none of the code that Node brings compiled, and starts 60 ms later.
 */
function collectAtOnce(): void {
  setFlagsFromString('--no-incremental-marking');
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
  // Whatever it is that ends it.
  process.on('exit', () => flushLog());
}

/** What a reader that is stuck may cost at the end. */
const lastLinesMs = 500;

function portOf(text: string, where: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw codedError('USAGE', `"${text}" is no port`, { where });
}

function millisecondsOf(text: string, where: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds > maxTimerSeconds) throw codedError('USAGE', `"${text}" is no duration such as 10s`, { where });
  return seconds * 1000;
}

/** Timers count milliseconds in 31 bits. */
const maxTimerSeconds = 2 ** 31 / 1000 - 1;
