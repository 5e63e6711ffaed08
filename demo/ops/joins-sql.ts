import { type Sql, sql, whereSql } from './sql.js';

/**
 * Joins out of records. An attempt and its result are two records that share `meeting.join.id`; either may be missing:
 * a page that died leaves no result, and a result can outlive its attempt. So a join is what the records of one id
 * say together, and it happened when its attempt began; without one, the result's duration tells when that was.
 */

/** Of the first result, should a join have several. Attempts have none of these columns, and null never counts. */
const first = (column: string): string => `arg_min(${column}, recorded_at)`;

const either = (column: string): string => `coalesce(any_value(${column}), '')`;

/** Every column of a join, as an aggregate over its records. Only those a query asks for are computed. */
const aggregates = {
  join_id: 'any_value(join_id)',
  at_ms: `coalesce(
    epoch_ms(min(recorded_at) filter (event_name = 'meeting.join.attempt')),
    epoch_ms(min(recorded_at)) - coalesce(${first('duration_ms')}, 0) - coalesce(${first('paused_ms')}, 0)
  )`,
  first_recorded_ms: 'epoch_ms(min(recorded_at))',
  last_recorded_ms: 'epoch_ms(max(recorded_at))',
  first_received_ms: 'epoch_ms(min(received_at))',
  last_received_ms: 'epoch_ms(max(received_at))',
  synthetic: 'coalesce(bool_or(synthetic), false)',
  pool: either('pool'),
  method: either('method'),
  partner: either('federation_partner'),
  app: either('service_name'),
  os: `trim(${either('os')} || ' ' || ${either('os_version')})`,
  browser: `trim(${either('browser')} || ' ' || ${either('browser_version')})`,
  // Outside the closed set it reads as unknown, and so does a join without one.
  result: `case when ${first('result')} in ('success', 'expected_failure', 'unexpected_failure', 'abandoned')
    then ${first('result')} else 'unknown' end`,
  confidence: first('confidence'),
  duration_ms: first('duration_ms'),
  paused_ms: first('paused_ms'),
  stage: first('stage'),
  type: `coalesce(${first('error_type')}, '')`,
  code: `coalesce(${first('code')}, '')`,
  subcode: first('subcode'),
} as const;

export type JoinColumn = keyof typeof aggregates;

/** The condition that a record is one of those that make joins. */
export const isJoinRecord = "event_name in ('meeting.join.attempt', 'meeting.join.result') and join_id is not null";

/** What stands for the id: two of a billion collide with a chance of 3 %, and grouping takes half the time. */
export const joinKey = 'hash(join_id)';

/** The joins that the records meeting the conditions make, with the columns `key` and those asked for. */
export const joinsSql = (columns: readonly JoinColumn[], ...conditions: Sql[]): Sql => {
  const { text, values } = whereSql([sql(isJoinRecord), ...conditions]);
  const selected = columns.map(name => `${aggregates[name]} as ${name}`).join(', ');
  return { text: `select ${joinKey} as key, ${selected} from usage ${text} group by ${joinKey}`, values };
};
