-- What to-clickhouse.yaml writes into: `clickhouse-client --multiquery < schema.sql`, once.
CREATE DATABASE IF NOT EXISTS meetings;

-- The columns of the exporter's own table that our records fill, and three of ours at the end. A record that was sent
-- twice is a second row until ClickHouse merges the two: disk space only, for `records` reads each once.
CREATE TABLE IF NOT EXISTS meetings.otel_logs (
  Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  TraceId String,
  SpanId String,
  TraceFlags UInt8,
  SeverityText LowCardinality(String),
  SeverityNumber UInt8,
  ServiceName LowCardinality(String),
  Body String,
  ResourceSchemaUrl LowCardinality(String),
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeSchemaUrl LowCardinality(String),
  ScopeName LowCardinality(String),
  ScopeVersion LowCardinality(String),
  ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  EventName LowCardinality(String),
  Uid String DEFAULT LogAttributes['log.record.uid'] CODEC(ZSTD(1)),
  JoinId String DEFAULT LogAttributes['meeting.join.id'] CODEC(ZSTD(1)),
  ReceivedAt DateTime DEFAULT now() CODEC(Delta(4), ZSTD(1)),
  CONSTRAINT named CHECK EventName != '' AND Uid != ''
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(Timestamp)
ORDER BY (EventName, toStartOfHour(Timestamp), Uid)
-- As long as our collector keeps each category (defaultRetention).
TTL
  ReceivedAt + INTERVAL 180 DAY DELETE WHERE ScopeName = 'meeting-join-telemetry/census',
  ReceivedAt + INTERVAL 395 DAY DELETE WHERE ScopeName = 'meeting-join-telemetry/usage',
  ReceivedAt + INTERVAL 90 DAY DELETE WHERE ScopeName = 'meeting-join-telemetry/error';

CREATE OR REPLACE VIEW meetings.records AS
SELECT * FROM meetings.otel_logs ORDER BY ReceivedAt LIMIT 1 BY Uid;

-- An attempt and its result share a join id, and either may be missing; a join happened when its attempt began. What
-- comes twice changes nothing here: smallest, first and any are the same of two alike. demo/ops/joins-sql.ts is its twin.
-- from and to are milliseconds since the epoch: only the months and hours that they touch are read, and a day on either
-- side, for a result that came after the end or an attempt that was before the beginning.
CREATE OR REPLACE VIEW meetings.joins AS
WITH
  LogAttributes AS a,
  toUnixTimestamp64Milli(Timestamp) AS ms,
  argMinIf(a['meeting.join.result'], Timestamp, a['meeting.join.result'] != '') AS told,
  argMinIf(toInt64OrNull(a['meeting.join.duration_ms']), Timestamp, a['meeting.join.duration_ms'] != '') AS duration,
  argMinIf(toInt64OrNull(a['meeting.join.paused_ms']), Timestamp, a['meeting.join.paused_ms'] != '') AS paused
SELECT
  JoinId AS join_id,
  fromUnixTimestamp64Milli(if(
    countIf(EventName = 'meeting.join.attempt') > 0,
    minIf(ms, EventName = 'meeting.join.attempt'),
    min(ms) - ifNull(duration, 0) - ifNull(paused, 0)
  )) AS at,
  max(a['user_agent.synthetic.type'] != '') AS synthetic,
  anyIf(a['meeting.pool'], a['meeting.pool'] != '') AS pool,
  anyIf(a['meeting.join.method'], a['meeting.join.method'] != '') AS method,
  anyIf(a['meeting.federation_partner'], a['meeting.federation_partner'] != '') AS partner,
  if(told IN ('success', 'expected_failure', 'unexpected_failure', 'abandoned'), told, 'unknown') AS result,
  argMinIf(a['meeting.join.confidence'], Timestamp, a['meeting.join.confidence'] != '') AS confidence,
  duration AS duration_ms,
  argMinIf(a['error.type'], Timestamp, a['error.type'] != '') AS error_type,
  argMinIf(a['meeting.join.error.code'], Timestamp, a['meeting.join.error.code'] != '') AS error_code
FROM meetings.otel_logs
WHERE EventName IN ('meeting.join.attempt', 'meeting.join.result') AND JoinId != ''
  AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL 1 DAY
  AND Timestamp < fromUnixTimestamp64Milli({to:Int64}) + INTERVAL 1 DAY
GROUP BY JoinId
HAVING at >= fromUnixTimestamp64Milli({from:Int64}) AND at < fromUnixTimestamp64Milli({to:Int64});
