import { captureOf, createConnection, dnsOverUdp } from './captures.ts';
import { tcpFrame } from './frames.ts';
import type { TimedFrame } from './randomTcp.ts';
import { randomNumbers } from './traffic.ts';

/** A capture of a shop: clients, three tiers of pods, DNS. @param pods of the middle tier */
export function shopCapture(clients: number, pods: number, databases: number): Uint8Array {
  const random = randomNumbers(7);
  const frames: TimedFrame[] = [];
  const talk = (
    source: string,
    destination: string,
    port: number,
    bytes: number,
    answer: 'yes' | 'no' | 'refuse',
  ): void => {
    const ends = { source, sourcePort: 40_000 + Math.floor(random() * 20_000), destination, destinationPort: port };
    const back = { source: destination, sourcePort: port, destination: source, destinationPort: ends.sourcePort };
    frames.push({ after: 1000, frame: tcpFrame({ ...ends, sequence: 1, flags: 'S' }) });
    if (answer === 'no') return;
    if (answer === 'refuse') {
      frames.push({ after: 1000, frame: tcpFrame({ ...back, sequence: 0, ack: 2, flags: 'RA', window: 0 }) });
      return;
    }
    frames.push(
      { after: 1000, frame: tcpFrame({ ...back, sequence: 9, ack: 2, flags: 'SA' }) },
      { after: 1000, frame: tcpFrame({ ...ends, sequence: 2, ack: 10, flags: 'A' }) },
    );
    for (let sent = 0; sent < bytes; sent += 1400)
      frames.push({
        after: 1000,
        frame: tcpFrame({ ...back, sequence: 10 + sent, ack: 2, flags: 'PA', data: new Uint8Array(1400) }),
      });
  };
  for (let client = 1; client <= clients; client += 1)
    talk(`10.0.0.${client}`, `10.1.0.${1 + (client % pods)}`, 443, 200 + random() * random() * 60_000, 'yes');
  for (let pod = 1; pod <= pods; pod += 1) {
    for (let database = 1; database <= Math.min(2, databases); database += 1)
      talk(`10.1.0.${pod}`, `10.2.0.${1 + ((pod + database) % databases)}`, 5432, 2000 + random() * 20_000, 'yes');
    if (pod % 3 === 0) talk(`10.1.0.${pod}`, '10.2.9.9', 6379, 0, pod % 2 === 0 ? 'refuse' : 'no');
    talk(`10.1.0.${pod}`, '10.96.0.10', 53, 500, 'yes');
  }
  return captureOf([...frames, ...dnsOverUdp(), ...createConnection().frames]);
}
