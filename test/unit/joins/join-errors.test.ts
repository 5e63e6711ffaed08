import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTypes, toErrorType } from '#src/practices/error-types.js';
import { type ErrorType, launcherCodes, resultOf, toFailure } from '#src/practices/join-errors.js';
import { acsCodes, acsSubcodes, fromAcs } from '#src/practices/join-errors-acs.js';
import { bigBlueButtonReasons, fromBigBlueButton } from '#src/practices/join-errors-big-blue-button.js';
import { fromJitsi, jitsiErrors } from '#src/practices/join-errors-jitsi.js';
import { fromLiveKit, liveKitDisconnectReasons, liveKitReasons } from '#src/practices/join-errors-livekit.js';
import { fromMsDiagnostics, msDiagnosticsIds, sipStatuses } from '#src/practices/join-errors-ms-diagnostics.js';
import { fromUcwa, ucwaCodes, ucwaSubcodes } from '#src/practices/join-errors-ucwa.js';
import { fromZoom, zoomCodes } from '#src/practices/join-errors-zoom.js';

const classes = {
  expected_failure:
    'meeting_not_found meeting_ended meeting_not_started auth_required passcode_required access_denied lobby_denied ' +
    'lobby_timeout capacity client_not_installed client_blocked client_outdated client_launch_unconfirmed ' +
    'browser_unsupported os_unsupported media_permission media_device_missing media_device_busy media_constraints ' +
    'media_timeout',
  unexpected_failure:
    'auth_failed federation server_busy server_failover server_error network_offline network_error timeout ' +
    'cdn_unavailable media_connectivity script_error _OTHER',
  abandoned: 'user_cancelled page_closed',
};

describe('the vocabulary', () => {
  for (const [result, types] of Object.entries(classes)) {
    for (const type of types.split(' ')) {
      it(`${type} is ${result}`, () => {
        assert.equal(resultOf(type), result);
        assert.equal(toErrorType(type), type);
        assert.deepEqual(toFailure({ type }), { type, code: undefined, subcode: undefined, message: undefined });
        assert.equal(toFailure(type).type, type);
      });
    }
  }
  it('has no other word', () => {
    assert.deepEqual([...errorTypes].sort(), Object.values(classes).join(' ').split(' ').sort());
    assert.equal(toErrorType('meeting_of_minds'), '_OTHER');
    assert.equal(toErrorType('constructor'), '_OTHER');
    assert.equal(toErrorType(undefined), '_OTHER');
  });
});

/** Every row of a table through its mapper: the type as in the table, a word of the vocabulary, the raw code carried. */
const rows = (
  table: Record<string, ErrorType>,
  map: (code: string) => { type?: ErrorType | undefined; code?: unknown; subcode?: unknown },
) => {
  for (const [code, type] of Object.entries(table)) {
    it(`${code} → ${type}`, () => {
      const failure = map(code);
      assert.equal(failure.type, type);
      assert.ok(errorTypes.includes(type));
      assert.ok(`${failure.code}` === code || `${failure.subcode}` === code);
    });
  }
};

const error = (name: string, message = '') => Object.assign(new Error(message), { name });

describe('what a launcher page meets', () => {
  rows(launcherCodes, code => toFailure(/\d/.test(code) ? { code: Number(code) } : error(code)));

  const cases: [unknown, ErrorType, unknown][] = [
    [6, 'meeting_not_found', 6],
    [{ code: 7 }, 'server_busy', 7],
    [{ code: '8' }, 'server_failover', '8'],
    [{ status: 503, type: 'basic' }, 'server_busy', 503],
    [{ status: 502 }, 'server_error', 502],
    [{ status: 418 }, '_OTHER', 418],
    [Object.assign(error('HttpError'), { status: 403 }), 'access_denied', 403],
    [error('TypeError', 'Failed to fetch'), 'network_error', 'TypeError'],
    [error('TypeError', 'NetworkError when attempting to fetch resource.'), 'network_error', 'TypeError'],
    [error('TypeError', 'Load failed'), 'network_error', 'TypeError'],
    [error('TypeError', 'network error'), 'network_error', 'TypeError'],
    [error('TypeError', 'Failed to fetch dynamically imported module: https://x/a.js'), 'network_error', 'TypeError'],
    [error('TypeError', 'error loading dynamically imported module: https://x/a.js'), 'network_error', 'TypeError'],
    [error('TypeError', 'Importing a module script failed.'), 'network_error', 'TypeError'],
    [error('TypeError', 'The network connection was lost.'), 'network_error', 'TypeError'],
    [error('TypeError', 'The Internet connection appears to be offline.'), 'network_error', 'TypeError'],
    [error('TypeError', "Cannot read properties of undefined (reading 'load')"), 'script_error', 'TypeError'],
    [error('TypeError', "Failed to execute 'fetch' on 'Window'"), 'script_error', 'TypeError'],
    [new ReferenceError('x is not defined'), 'script_error', 'ReferenceError'],
    [new Error('the page says no'), '_OTHER', undefined],
    [error('AbortError'), 'user_cancelled', 'AbortError'],
    [new DOMException('x', 'NotFoundError'), 'media_device_missing', 'NotFoundError'],
    [new DOMException('x', 'TimeoutError'), 'timeout', 'TimeoutError'],
    [{ type: 'lobby_timeout', code: 'L7', subcode: 2, message: 'm' }, 'lobby_timeout', 'L7'],
    [{ type: 'weird' }, '_OTHER', 'weird'],
    [{ type: 'weird', code: 12 }, '_OTHER', 12],
    ['gremlins', '_OTHER', 'gremlins'],
    ['constructor', '_OTHER', 'constructor'],
    [undefined, '_OTHER', undefined],
    [null, '_OTHER', undefined],
    [{}, '_OTHER', undefined],
  ];
  for (const [reason, type, code] of cases) {
    it(`${String(reason)} ${JSON.stringify(reason)} → ${type}`, () => {
      const failure = toFailure(reason);
      assert.equal(failure.type, type);
      assert.equal(failure.code ?? undefined, code);
    });
  }
  it('a fetch that failed while offline is network_offline', () => {
    assert.equal(toFailure(new TypeError('Failed to fetch'), false).type, 'network_offline');
    assert.equal(toFailure(new TypeError('x is not a function'), false).type, 'script_error');
  });
});

describe('UCWA', () => {
  rows(ucwaSubcodes, subcode => fromUcwa({ code: 'Conflict', subcode }));
  rows(ucwaCodes, code => fromUcwa({ code, subcode: 'None' }));
  it('falls back to the HTTP status', () => assert.equal(fromUcwa({ code: 429 }).type, 'server_busy'));
  it('carries what it does not know', () =>
    assert.deepEqual(fromUcwa({ code: 'Conflict', subcode: 'TooManyGroups', message: 'm' }), {
      type: '_OTHER',
      code: 'Conflict',
      subcode: 'TooManyGroups',
      message: 'm',
    }));
});

describe('ms-diagnostics', () => {
  rows(msDiagnosticsIds, id => fromMsDiagnostics(`${id};source="server.contoso.com";reason="r"`));
  rows(sipStatuses, status => fromMsDiagnostics('', Number(status)));
  it('reads the reason and leaves the server out', () =>
    assert.deepEqual(fromMsDiagnostics('28020;source="server.contoso.com";reason="No valid security token."', 401), {
      type: 'auth_required',
      code: '28020',
      subcode: 401,
      message: 'No valid security token.',
    }));
  it('goes by the SIP status when it does not know the id', () => {
    assert.equal(fromMsDiagnostics('99999;reason="?"', 504).type, 'federation');
    assert.equal(fromMsDiagnostics('99999;reason="?"', 503).type, 'server_busy');
    assert.equal(fromMsDiagnostics('99999;reason="?"').type, '_OTHER');
    assert.equal(fromMsDiagnostics('rubbish').type, '_OTHER');
  });
});

describe('ACS and Teams', () => {
  rows(acsSubcodes, subCode => fromAcs({ code: 0, subCode: Number(subCode) }));
  rows(acsCodes, code => fromAcs({ code: Number(code), subCode: 0 }));
  it('falls back to the status', () => {
    assert.equal(fromAcs({ code: 404, subCode: 99 }).type, 'meeting_not_found');
    assert.equal(fromAcs({ code: 500 }).type, 'server_error');
    assert.deepEqual(fromAcs({ code: 481, subCode: 99 }), {
      type: '_OTHER',
      code: 481,
      subcode: 99,
      message: undefined,
    });
  });
});

describe('Jitsi', () => {
  rows(jitsiErrors, fromJitsi);
  it('takes a track error', () =>
    assert.equal(fromJitsi(error('gum.permission_denied', 'no')).type, 'media_permission'));
  it('carries what it does not know', () =>
    assert.deepEqual(fromJitsi('conference.chatError'), {
      type: '_OTHER',
      code: 'conference.chatError',
      message: undefined,
    }));
});

describe('Zoom', () => {
  rows(zoomCodes, code => fromZoom({ errorCode: Number(code) }));
  it('carries what it does not know', () => {
    assert.equal(fromZoom({ errorCode: 3005 }).type, '_OTHER');
    assert.equal(fromZoom({ reason: 'SOMETHING' }).code, 'SOMETHING');
  });
});

describe('BigBlueButton', () => {
  rows(bigBlueButtonReasons, reason => fromBigBlueButton(reason));
  it('carries what it does not know', () => assert.equal(fromBigBlueButton('idNotUnique').type, '_OTHER'));
});

describe('LiveKit', () => {
  rows(liveKitReasons, reasonName => fromLiveKit({ name: 'ConnectionError', reasonName }));
  rows(liveKitDisconnectReasons, reason => fromLiveKit(Number(reason)));
  rows(liveKitDisconnectReasons, context => fromLiveKit({ reasonName: 'LeaveRequest', context: Number(context) }));
  it('takes a bare name', () => assert.equal(fromLiveKit('DeviceInUse').type, 'media_device_busy'));
  it('falls back to what every page knows', () => {
    assert.equal(fromLiveKit(new TypeError('Failed to fetch')).type, 'network_error');
    assert.equal(fromLiveKit({ name: 'PublishTrackError', status: 403 }).type, 'access_denied');
    assert.equal(fromLiveKit(99).type, '_OTHER');
  });
});

describe("domain.md's own table of failures", () => {
  const table: [ErrorType, { type?: ErrorType | undefined }][] = [
    ['meeting_not_found', toFailure({ code: 6 })],
    ['meeting_not_found', fromUcwa({ code: 404, subcode: 'DestinationNotFound' })],
    ['meeting_not_found', fromZoom({ errorCode: 3001 })],
    ['meeting_not_found', fromMsDiagnostics('3012;reason="x"')],
    ['meeting_ended', fromUcwa({ subcode: 'Ended' })],
    ['meeting_ended', fromUcwa({ subcode: 'Expired' })],
    ['meeting_not_started', fromZoom({ errorCode: 3008 })],
    ['meeting_not_started', fromAcs({ code: 403, subCode: 5829 })],
    ['auth_required', toFailure({ status: 401 })],
    ['auth_required', fromMsDiagnostics('28020;reason="x"')],
    ['auth_failed', fromAcs({ code: 401, subCode: 10009 })],
    ['auth_failed', fromAcs({ code: 495, subCode: 4507 })],
    ['passcode_required', fromJitsi('conference.passwordRequired')],
    ['passcode_required', fromZoom({ errorCode: 3004 })],
    ['access_denied', toFailure({ status: 403 })],
    ['access_denied', fromUcwa({ subcode: 'InviteesOnly' })],
    ['access_denied', fromUcwa({ subcode: 'AnonymousNotAllowed' })],
    ['access_denied', fromMsDiagnostics('3014')],
    ['access_denied', fromMsDiagnostics('3019')],
    ['access_denied', fromAcs({ subCode: 5828 })],
    ['access_denied', fromAcs({ subCode: 5830 })],
    ['lobby_denied', fromUcwa({ subcode: 'Denied' })],
    ['capacity', fromUcwa({ subcode: 'TooManyParticipants' })],
    ['capacity', fromUcwa({ subcode: 'TooManyLobbyParticipants' })],
    ['capacity', fromUcwa({ subcode: 'FullSession' })],
    ['federation', fromUcwa({ subcode: 'FederationRequired' })],
    ['federation', fromMsDiagnostics('', 504)],
    ['server_busy', toFailure({ code: 7 })],
    ['server_busy', toFailure({ status: 429 })],
    ['server_busy', toFailure({ status: 503 })],
    ['server_busy', fromUcwa({ code: 'TooManyRequests' })],
    ['server_failover', toFailure({ code: 8 })],
    ['server_failover', fromUcwa({ subcode: 'CannotRedirect' })],
    ['server_error', toFailure({ status: 500 })],
    ['server_error', fromUcwa({ code: 'ServiceFailure' })],
    ['server_error', fromUcwa({ subcode: 'Unavailable' })],
    ['timeout', toFailure({ status: 408 })],
    ['timeout', toFailure({ status: 504 })],
    ['client_blocked', fromUcwa({ subcode: 'PluginBlocked' })],
    ['client_outdated', fromUcwa({ subcode: 'PluginOutOfDate' })],
    ['browser_unsupported', fromUcwa({ subcode: 'BrowserNotSupported' })],
    ['os_unsupported', fromUcwa({ subcode: 'OSNotSupported' })],
    ['media_permission', toFailure(new DOMException('', 'NotAllowedError'))],
    ['media_device_missing', toFailure(new DOMException('', 'NotFoundError'))],
    ['media_device_busy', toFailure(new DOMException('', 'NotReadableError'))],
    ['media_constraints', toFailure(error('OverconstrainedError'))],
    ['media_connectivity', fromUcwa({ subcode: 'MediaFailure' })],
    ['media_connectivity', fromAcs({ subCode: 3100 })],
    ['media_connectivity', fromAcs({ subCode: 3112 })],
    ['user_cancelled', fromUcwa({ subcode: 'Canceled' })],
  ];
  for (const [type, failure] of table)
    it(`${type} ← ${JSON.stringify(failure)}`, () => assert.equal(failure.type, type));
});
