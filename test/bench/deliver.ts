/** Beacons sent as the tag sends them: again and again until they are acknowledged. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportRequest, logRecord } from '../unit/collector/house.js';
import { beaconSize } from './load.js';

const atOnce = 16;
const again = { afterMs: 100, withinMs: 120_000 };

export interface Sent {
  uids: string[];
  /** Beacons that were sent more than once. */
  again: number;
}

export const send = async (port: number, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  });

/** 0: no answer at all. */
const statusOf = async (port: number, body: string): Promise<number> => {
  const answer = await send(port, body).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => undefined);
  return answer?.status ?? 0;
};

/** @returns how often it was sent */
const deliver = async (port: number, body: string): Promise<number> => {
  const deadline = Date.now() + again.withinMs;
  for (let times = 1; ; times += 1) {
    if ((await statusOf(port, body)) === 200) return times;
    if (Date.now() > deadline) throw new Error('a beacon was never acknowledged');
    await sleep(again.afterMs);
  }
};

const makeBeacon = (): { body: string; uids: string[] } => {
  const uids = Array.from({ length: beaconSize }, () => randomUUID());
  const records = uids.map(uid =>
    logRecord('meeting.join.attempt', { 'log.record.uid': uid, 'meeting.join.id': randomUUID() }),
  );
  return { body: JSON.stringify(exportRequest('usage', records)), uids };
};

/** @param meanwhile is called with the number of beacons acknowledged, after each */
export const deliverAll = async (
  port: number,
  beacons: number,
  meanwhile: (acknowledged: number) => void = () => undefined,
): Promise<Sent> => {
  const sent: Sent = { uids: [], again: 0 };
  let begun = 0;
  let acknowledged = 0;
  const one = async (): Promise<void> => {
    while (begun < beacons) {
      begun += 1;
      const { body, uids } = makeBeacon();
      const times = await deliver(port, body);
      sent.uids.push(...uids);
      if (times > 1) sent.again += 1;
      acknowledged += 1;
      meanwhile(acknowledged);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return sent;
};

/** Every `log.record.uid` that the stand-in for an engine has written. */
export const readUids = async (file: string): Promise<string[]> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  return [...text.matchAll(/"key":"log\.record\.uid","value":\{"stringValue":"([^"]+)"/g)].map(([, uid]) => `${uid}`);
};
