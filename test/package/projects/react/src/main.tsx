import 'meeting-join-telemetry/define.js';
import type { GateEvent, MeetingJoinTelemetryElement } from 'meeting-join-telemetry';
import { useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

const join = () => Promise.resolve('in the meeting');

const Launcher = () => {
  const telemetry = useRef<MeetingJoinTelemetryElement>(null);
  const [state, setState] = useState('pending');
  const hear = ({ gate }: GateEvent) => setState(gate.state);
  return (
    <>
      <meeting-join-telemetry
        ref={telemetry}
        pool="pool01.contoso.com"
        config-src="/web-service-configuration.json"
        userId="amosmarble"
        onmeeting-join-telemetry-gate={hear}
      />
      <button type="button" onClick={() => void telemetry.current?.trackJoin(join, { method: 'web-app' })}>
        Join
      </button>
      <output>{state}</output>
    </>
  );
};

const root = document.getElementById('root');
if (root) createRoot(root).render(<Launcher />);
