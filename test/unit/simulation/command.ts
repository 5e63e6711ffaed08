/**
 * `npm run simulate -- --seed N` replays one schedule and prints what happened;
 * `npm run simulate -- --schedules N [--from SEED]` runs many and stops at the first that fails.
 */
import { parseArgs } from 'node:util';
import { simulate } from './simulate.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    schedules: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});

const replay = async (seed: number) => {
  const { trace, violation, statistics } = await simulate(seed, { isTraced: true });
  console.log(trace.join('\n'));
  console.log(violation ? `\nseed ${seed}: ${violation}` : `\nseed ${seed}: all holds`, statistics);
  if (violation) process.exitCode = 1;
};

const runMany = async (from: number, count: number) => {
  const startedAt = performance.now();
  const total: Record<string, number> = {};
  const failures = new Map<string, number[]>();
  for (let seed = from; seed < from + count; seed++) {
    const { violation, statistics } = await simulate(seed);
    for (const [name, value] of Object.entries(statistics)) total[name] = (total[name] ?? 0) + value;
    if (!violation) continue;
    process.exitCode = 1;
    if (!values.keep) return replay(seed);
    const kind = violation.replace(/\d+/g, 'N');
    failures.set(kind, [...(failures.get(kind) ?? []), seed]);
  }
  for (const [kind, seeds] of failures) console.log(`${seeds.length} × ${kind}: ${seeds.slice(0, 6).join(' ')}`);
  console.log(
    `${count} schedules from seed ${from} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
    total,
  );
};

await (values.seed ? replay(Number(values.seed)) : runMany(Number(values.from), Number(values.schedules)));
