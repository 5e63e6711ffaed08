/**
 * WebKitGTK's remote inspector, as far as the tests need it. WebKitWebDriver is of no use here: under `--automation`
 * MiniBrowser has an ephemeral session, and a profile that dies with the browser proves nothing about survival. The
 * inspector drives an ordinary one.
 */
import WebSocket from 'ws';

interface Answer {
  id: number;
  result?: unknown;
  error?: { message: string };
}

interface EvaluateResult {
  result: { type: string; value?: unknown; objectId?: string; description?: string };
  wasThrown: boolean;
}

export interface Target {
  url: string;
  /** Where its socket is. */
  path: string;
}

const listed = /class="targeturl">([^<]*)<.*?(\/socket\/\d+\/\d+\/WebPage)'/gs;

/** The inspector serves a page that lists its targets. */
export const listTargets = async (address: string): Promise<Target[]> => {
  const response = await fetch(`http://${address}/`);
  const html = await response.text();
  return [...html.matchAll(listed)].map(([, url, path]) => ({ url: url ?? '', path: path ?? '' }));
};

export interface Inspector {
  send(method: string, parameters?: object): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  close(): void;
}

interface Message {
  /** Of the answer to an envelope; negative, see `send`. */
  id?: number;
  error?: { message: string };
  method?: string;
  params?: {
    targetInfo?: { targetId: string; type: string; isProvisional?: boolean };
    message?: string;
    newTargetId?: string;
  };
}

/** What the inspector says about targets, reduced to: which is the page now, and which answers came. */
const readMessage = (text: string, onTarget: (id: string) => void, onAnswer: (answer: Answer) => void): void => {
  const { id, error, method, params = {} } = JSON.parse(text) as Message;
  if (id !== undefined && error) onAnswer({ id: -id, error });
  const { targetInfo, newTargetId, message } = params;
  if (method === 'Target.targetCreated' && targetInfo?.type === 'page' && !targetInfo.isProvisional) {
    onTarget(targetInfo.targetId);
  }
  if (method === 'Target.didCommitProvisionalTarget' && newTargetId) onTarget(newTargetId);
  if (method === 'Target.dispatchMessageFromTarget' && message) onAnswer(JSON.parse(message) as Answer);
};

/** One frontend per target: a second connection would throw the first out. */
export const attachInspector = async (address: string, path: string): Promise<Inspector> => {
  const socket = new WebSocket(`ws://${address}${path}`);
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let targetId = '';
  let lastId = 0;

  const rejectAll = (reason: string) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };

  const settle = ({ id, result, error }: Answer) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  };

  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', data => {
      readMessage(
        String(data),
        id => {
          // A navigation may move the page to another process: nobody answers for the old one.
          if (targetId !== '') rejectAll('The page was replaced');
          targetId = id;
          resolve();
        },
        settle,
      );
    });
  });
  socket.on('close', () => rejectAll('The page is gone'));

  const send = (method: string, parameters: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      const id = lastId;
      waiting.set(id, { resolve, reject });
      const message = JSON.stringify({ id, method, params: parameters });
      const envelope = { id: -id, method: 'Target.sendMessageToTarget', params: { targetId, message } };
      socket.send(JSON.stringify(envelope), error => error && reject(error));
    });

  const evaluate = async (expression: string): Promise<unknown> => {
    const started = (await send('Runtime.evaluate', { expression, emulateUserGesture: true })) as EvaluateResult;
    if (started.wasThrown) throw new Error(started.result.description ?? 'The page threw');
    if (started.result.objectId === undefined) return started.result.value;
    const promiseObjectId = started.result.objectId;
    const ended = (await send('Runtime.awaitPromise', { promiseObjectId, returnByValue: true })) as EvaluateResult;
    if (ended.wasThrown) throw new Error(ended.result.description ?? String(ended.result.value));
    return ended.result.value;
  };

  return { send, evaluate, close: () => socket.terminate() };
};
