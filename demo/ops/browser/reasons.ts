import type { ErrorType } from 'meeting-join-telemetry';
import type { Language } from '../../browser/language.js';

/** What happened to people and, where the service is at fault, where an operator looks first. */
type Reason = readonly [name: string, advice?: string];

const en: Record<ErrorType, Reason> = {
  meeting_not_found: ['Meeting not found'],
  meeting_ended: ['Meeting already over'],
  meeting_not_started: ['Meeting not started yet'],
  auth_required: ['Sign-in required'],
  passcode_required: ['Passcode missing or wrong'],
  access_denied: ['Not allowed to join'],
  lobby_denied: ['Turned away from the lobby'],
  lobby_timeout: ['Not let in from the lobby in time'],
  capacity: ['Meeting full'],
  client_not_installed: ['App not installed'],
  client_blocked: ['App blocked on the device'],
  client_outdated: ['App out of date'],
  client_launch_unconfirmed: ['App did not seem to start'],
  browser_unsupported: ['Browser not supported'],
  os_unsupported: ['System not supported'],
  media_permission: ['Microphone or camera not allowed'],
  media_device_missing: ['No microphone or camera'],
  media_device_busy: ['Microphone or camera in use'],
  media_constraints: ['Microphone or camera not suitable'],
  media_timeout: ['Microphone or camera did not answer'],
  auth_failed: ['Sign-in failed', 'Check the identity provider, the certificates and the servers’ clocks.'],
  federation: ['Federation failed', 'Check the partner’s domain, the edge servers and their certificates.'],
  server_busy: ['Server too busy', 'Check the load of the pool: it turns people away for lack of capacity.'],
  server_failover: ['Server failing over', 'Check whether the failover ends, and why the pool moved.'],
  server_error: ['Server error', 'Look for this code in the server’s log at that time.'],
  network_offline: ['Device offline', 'Check whether the devices share a network: the servers were never asked.'],
  network_error: [
    'Server not reached',
    'Check name resolution, firewall, proxy and certificate on the way to the pool.',
  ],
  timeout: ['No answer in time', 'Check for slow servers, or a slow network on the way to the pool.'],
  cdn_unavailable: ['Page files not loaded', 'Check the server or content network that delivers the page’s files.'],
  media_connectivity: ['No audio or video connection', 'Check the media relays, and the firewalls’ UDP ports.'],
  script_error: ['Error in the page', 'See the error report, and what was last changed on the page.'],
  _OTHER: ['Unexplained', 'Look up the code in the product that the page belongs to.'],
  user_cancelled: ['Canceled'],
  page_closed: ['Page closed'],
};

const it: Record<ErrorType, Reason> = {
  meeting_not_found: ['Riunione non trovata'],
  meeting_ended: ['Riunione già terminata'],
  meeting_not_started: ['Riunione non ancora iniziata'],
  auth_required: ['Autenticazione richiesta'],
  passcode_required: ['Codice di accesso mancante o errato'],
  access_denied: ['Accesso non consentito'],
  lobby_denied: ['Respinto dalla sala d’attesa'],
  lobby_timeout: ['Non ammesso in tempo dalla sala d’attesa'],
  capacity: ['Riunione al completo'],
  client_not_installed: ['App non installata'],
  client_blocked: ['App bloccata sul dispositivo'],
  client_outdated: ['App non aggiornata'],
  client_launch_unconfirmed: ['L’app non sembra essersi avviata'],
  browser_unsupported: ['Browser non supportato'],
  os_unsupported: ['Sistema non supportato'],
  media_permission: ['Microfono o videocamera non consentiti'],
  media_device_missing: ['Microfono o videocamera assenti'],
  media_device_busy: ['Microfono o videocamera già in uso'],
  media_constraints: ['Microfono o videocamera non adatti'],
  media_timeout: ['Microfono o videocamera non rispondono'],
  auth_failed: [
    'Autenticazione non riuscita',
    'Controlla il provider di identità, i certificati e gli orologi dei server.',
  ],
  federation: [
    'Federazione non riuscita',
    'Controlla il dominio del partner, i server perimetrali e i loro certificati.',
  ],
  server_busy: [
    'Server troppo occupato',
    'Controlla il carico del pool: respinge gli utenti perché non ha più capacità.',
  ],
  server_failover: ['Failover del server in corso', 'Controlla se il failover si conclude e perché è scattato.'],
  server_error: ['Errore del server', 'Cerca questo codice nel registro del server a quell’ora.'],
  network_offline: [
    'Dispositivo non in linea',
    'Controlla se i dispositivi condividono una rete: ai server non è arrivata alcuna richiesta.',
  ],
  network_error: [
    'Server non raggiunto',
    'Controlla DNS, firewall, proxy e certificati lungo il percorso verso il pool.',
  ],
  timeout: ['Nessuna risposta in tempo', 'Controlla se sono lenti i server o la rete verso il pool.'],
  cdn_unavailable: [
    'File della pagina non caricati',
    'Controlla il server o la rete di distribuzione che fornisce i file della pagina.',
  ],
  media_connectivity: [
    'Connessione audio o video assente',
    'Controlla i relay multimediali e le porte UDP dei firewall.',
  ],
  script_error: [
    'Errore nella pagina',
    'Guarda la segnalazione di errore e che cosa è cambiato di recente nella pagina.',
  ],
  _OTHER: ['Motivo sconosciuto', 'Cerca il codice nella documentazione del prodotto a cui appartiene la pagina.'],
  user_cancelled: ['Annullato'],
  page_closed: ['Pagina chiusa'],
};

const reasons: Record<Language, Record<string, Reason>> = { en, it };

/** The reason in words; the type itself when it is none that the page knows. */
export const reasonIn = (language: Language, errorType: string): string =>
  reasons[language][errorType]?.[0] ?? errorType;

/** Where to look first; empty for what no operator can mend. */
export const adviceIn = (language: Language, errorType: string): string => reasons[language][errorType]?.[1] ?? '';

/** As logs and other tools name it: type and code. */
export const technically = (errorType: string, code: string): string =>
  [errorType, code === errorType ? '' : code].filter(part => part !== '').join(' / ');
