/**
 * Browsers are trees of processes, some of which leave their group or their parent. Every one we start carries a mark
 * in its environment, so that all of a tree can be found again and none is left behind.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const variable = 'MEETING_JOIN_TELEMETRY_TEST';

/** Set once per run by the orchestrator; whoever was started under it bears it too. */
export const markVariable = variable;

export interface Mark {
  value: string;
  env: NodeJS.ProcessEnv;
}

export const newMark = (): Mark => {
  const value = `${process.env[variable] ?? 'alone'}/${randomUUID()}`;
  return { value, env: { ...process.env, [variable]: value } };
};

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
};

/** The processes that bear the mark, or a mark that begins with it. */
export const markedProcesses = (mark: string): number[] => {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter(pid => `\0${environmentOf(pid)}`.includes(`\0${variable}=${mark}`))
    .map(Number);
};

const ticksPerSecond = 100;

/** User and system time out of /proc/<pid>/stat; the name in it, in brackets, may hold anything. */
const cpuTicks = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').pop()?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
};

/** Processor time that the living of a tree have used so far. */
export const cpuSecondsOf = (mark: string): number =>
  markedProcesses(mark).reduce((sum, pid) => sum + cpuTicks(pid), 0) / ticksPerSecond;

const signal = (pid: number, name: NodeJS.Signals = 'SIGKILL'): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
};

/** SIGKILL: first the whole group in one call, so that no member outlives the others, then whoever had left it. */
export const killTree = async (groupLeader: number | undefined, mark: string): Promise<void> => {
  if (groupLeader !== undefined) signal(-groupLeader);
  for (let round = 0; round < 50; round += 1) {
    const left = markedProcesses(mark);
    if (left.length === 0) return;
    for (const pid of left) signal(pid);
    await sleep(20);
  }
};

/** Nothing of the tree runs for so long, as when the computer sleeps. */
export const stopTree = async (mark: string, forMs: number): Promise<void> => {
  const tree = markedProcesses(mark);
  for (const pid of tree) signal(pid, 'SIGSTOP');
  await sleep(forMs);
  for (const pid of tree) signal(pid, 'SIGCONT');
};

/** Waits until a tree that was asked to go has gone, then ends what has not. */
export const awaitExit = async (groupLeader: number | undefined, mark: string, patienceMs: number): Promise<void> => {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && markedProcesses(mark).length > 0) await sleep(50);
  await killTree(groupLeader, mark);
};
