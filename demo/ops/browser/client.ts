import type { Configurations, FaultKind, Faults, Join, JoinDetail, LiveMessage, Overview } from './api.js';

/** Every call says that it comes from this page: the server refuses what changes anything without it. */
const headers = { 'X-Requested-With': 'console' };

export class AnswerError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const reasonOf = async (response: Response): Promise<string> => {
  const body = await response.text();
  try {
    return String((JSON.parse(body) as { error?: unknown }).error ?? body);
  } catch {
    return body || response.statusText;
  }
};

const call = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
  const response = await fetch(path, { ...init, headers: { ...headers, ...init.headers } });
  if (!response.ok) throw new AnswerError(response.status, await reasonOf(response));
  return (await response.json()) as T;
};

const json = (method: string, body: unknown, more: Record<string, string> = {}): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { ...headers, 'Content-Type': 'application/json', ...more },
});

/** By whose clock the days of the chart begin. */
const readersZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

export const getOverview = (query: URLSearchParams, signal: AbortSignal): Promise<Overview> =>
  call(`/api/overview?${query}&${new URLSearchParams({ zone: readersZone })}`, { signal });

export const getJoins = (query: URLSearchParams): Promise<Join[]> => call(`/api/joins?${query}`);

export const getJoin = (id: string): Promise<JoinDetail> => call(`/api/joins/${encodeURIComponent(id)}`);

export const getConfigurations = (): Promise<Configurations> => call('/api/configurations');

export const setFlag = (identity: string, enabled: boolean, who: string): Promise<unknown> =>
  call(
    `/api/configurations/${encodeURIComponent(identity)}`,
    json('PATCH', { MeetingUxEnableTelemetry: enabled }, who === '' ? {} : { 'X-Operator': encodeURIComponent(who) }),
  );

export const importConfiguration = (content: ArrayBuffer, who: string): Promise<{ imported: number }> =>
  call('/api/configurations/import', {
    method: 'POST',
    body: content,
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      ...(who === '' ? {} : { 'X-Operator': encodeURIComponent(who) }),
    },
  });

export const getFaults = (): Promise<Faults> => call('/api/faults');

export const setFault = (kind: FaultKind): Promise<Faults> => call('/api/faults', json('PUT', { kind }));

/** Listens to what arrives. The browser itself reconnects; `onState` tells whether it is connected. */
export const listen = (
  query: URLSearchParams,
  onMessage: (message: LiveMessage) => void,
  onState: (live: boolean) => void,
): (() => void) => {
  const source = new EventSource(`/api/live?${query}`);
  source.onopen = () => onState(true);
  source.onerror = () => onState(false);
  source.onmessage = ({ data }) => onMessage(JSON.parse(data as string) as LiveMessage);
  return () => source.close();
};
