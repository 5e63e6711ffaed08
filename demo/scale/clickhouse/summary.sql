-- What `/api/summary` says, out of ClickHouse. Parameters: pool ('' for all), from and to in milliseconds since the
-- epoch, synthetic (1 counts test joins too).
--   clickhouse-client --param_pool=pool01.contoso.com --param_from=0 --param_to=4102444800000 --param_synthetic=0 < summary.sql
SELECT
  count() AS attempts,
  countIf(result = 'success') AS success,
  countIf(result = 'expected_failure') AS expected_failure,
  countIf(result = 'unexpected_failure') AS unexpected_failure,
  countIf(result = 'abandoned') AS abandoned,
  countIf(result = 'unknown') AS unknown,
  if(success + expected_failure + unexpected_failure = 0, NULL, success / (success + expected_failure + unexpected_failure)) AS joinSuccessRate,
  if(success + unexpected_failure = 0, NULL, success / (success + unexpected_failure)) AS serviceSuccessRate,
  if(attempts = 0, NULL, countIf(result = 'success' AND duration_ms <= 5000) / attempts) AS fiveSecondJoinRate,
  if(attempts = 0, NULL, (attempts - unknown) / attempts) AS coverage,
  quantileExactInclusiveOrNullIf(0.5)(duration_ms, result = 'success') AS p50,
  quantileExactInclusiveOrNullIf(0.95)(duration_ms, result = 'success') AS p95
FROM meetings.joins(from = {from:Int64}, to = {to:Int64})
WHERE ({pool:String} = '' OR pool = {pool:String})
  AND (NOT synthetic OR {synthetic:UInt8} = 1);
