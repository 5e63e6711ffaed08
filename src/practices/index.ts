export {
  type Attributes,
  type AttributeValue,
  type Bound,
  boundOf,
  type Category,
  categories,
  conform,
  type EventName,
  events,
  recordAttributes,
  resourceAttributes,
  scopeAttributes,
} from './catalog.js';
export { errorTypes, toErrorType } from './error-types.js';
export { type GateInputs, openCategories, type Surface, surfaces } from './gate.js';
export { type ErrorType, type FailureResult, resultOf } from './join-errors.js';
export { type AnyValue, type KeyValue, type LogRecord, severity, toAnyValue, toKeyValues, toUnixNano } from './otlp.js';
export { type ExportLogsRequest, parseExportResponse, scopePrefix, toExportRequest } from './otlp-export.js';
export { isFreeText, scrub } from './scrub.js';
export { readSetting, type Scope, type Setting } from './web-service-configuration.js';
