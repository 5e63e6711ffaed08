/** Italiano. */
import { str } from '@lit/localize';

/** Per dato: come si chiama, perché si raccoglie. */
const data: Record<string, [label: string, why: string]> = {
  'log.record.uid': [
    'Identificatore del record',
    'Il collettore conserva una volta sola un record che arriva due volte.',
  ],
  'user_agent.synthetic.type': [
    'Contrassegno di prova',
    'Gli accessi fatti da un sistema di controllo restano fuori dalle percentuali.',
  ],
  'service.name': ['Applicazione', 'Dice quale applicazione parla.'],
  'os.name': ['Sistema operativo', 'Spesso i guasti riguardano un solo sistema.'],
  'os.version': [
    'Versione del sistema',
    'Spesso i guasti riguardano una sola versione. Completa solo nel censimento, altrove solo il primo numero.',
  ],
  'user_agent.name': ['Browser', 'Spesso i guasti riguardano un solo browser.'],
  'user_agent.version': ['Versione del browser', 'Spesso i guasti riguardano una sola versione. Solo il primo numero.'],
  'telemetry.sdk.name': ['Software di telemetria', 'Distingue i nostri record dagli altri.'],
  'telemetry.sdk.version': ['La sua versione', 'Permette di trovare un difetto della telemetria stessa.'],
  'telemetry.sdk.language': ['La sua piattaforma', 'Lo richiede OpenTelemetry.'],
  'telemetry.sent_at_ms': [
    'Ora di invio',
    'Il collettore può correggere gli orari di un dispositivo con l’orologio sbagliato.',
  ],
  'meeting.join.id': [
    'Identificatore del tentativo',
    'Collega i record di uno stesso tentativo, compreso il dettaglio dell’errore.',
  ],
  'meeting.join.method': ['Modo di accesso', 'Un modo può fallire mentre gli altri funzionano.'],
  'meeting.pool': ['Pool di server', 'Dice quali server hanno il problema.'],
  'meeting.federation_partner': [
    'Organizzazione partner',
    'Dice le riunioni di quale partner falliscono. Il suo nome registrato, in chiaro.',
  ],
  'meeting.join.result': ['Esito', 'Riuscito, fallito o abbandonato: è il punto di tutto.'],
  'meeting.join.confidence': [
    'Certezza',
    'I browser non dicono se un’app si è davvero avviata: i successi presunti si contano a parte.',
  ],
  'meeting.join.duration_ms': ['Tempo per accedere', 'Un accesso troppo lento, per chi aspetta, è un guasto.'],
  'meeting.join.paused_ms': [
    'Attesa della persona',
    'Le richieste di autorizzazione e la sala d’attesa non devono contare come lentezza.',
  ],
  'meeting.join.stage': ['Ultimo passo', 'Dice fin dove si è arrivati.'],
  'meeting.join.stage_times': ['Tempo di ogni passo', 'Dice quale passo è lento.'],
  'error.type': ['Tipo di guasto', 'I guasti si contano per tipo, secondo un elenco fisso.'],
  'meeting.join.error.code': ['Codice di errore', 'Il codice dato dal server o dal client.'],
  'meeting.join.error.subcode': ['Codice di dettaglio', 'Il dettaglio di quel codice.'],
  'device.model.identifier': ['Modello del dispositivo', 'Alcuni modelli hanno problemi propri.'],
  'device.model.name': ['Famiglia del dispositivo', 'Alcuni dispositivi hanno problemi propri.'],
  'browser.language': ['Lingua', 'Dice quali lingue servono.'],
  'user.hash': ['Utente, con doppio hash', 'Conta le persone senza conoscerle.'],
  'app.installation.id': [
    'Identificatore del dispositivo',
    'Conta i dispositivi. Creato a caso una volta su questo dispositivo.',
  ],
  'meeting.sign_in.attempts': ['Tentativi di accesso all’account', 'Dice se le persone riescono ad autenticarsi.'],
  'meeting.sign_in.failures': ['Accessi all’account falliti', 'Dice se le persone riescono ad autenticarsi.'],
  'meeting.im.sent': ['Messaggi inviati', 'Quanto si usa la messaggistica. Solo il numero.'],
  'meeting.im.received': ['Messaggi ricevuti', 'Quanto si usa la messaggistica. Solo il numero.'],
  'meeting.join.attempts': ['Tentativi di partecipare', 'Quanti sono stati i tentativi.'],
  'meeting.join.successes': ['Partecipazioni riuscite', 'Quanti tentativi sono riusciti.'],
  'meeting.minutes': ['Minuti in riunione', 'Quanto si usano chiamate e riunioni.'],
  'meeting.stability.issues': ['Errori non gestiti', 'Quanto è stabile la pagina. Solo il numero.'],
  'meeting.feature.*': ['Uso di una funzione', 'Quali funzioni si usano, e quanto spesso.'],
  'exception.type': ['Tipo di errore', 'Serve a raggruppare gli errori.'],
  'exception.message': ['Messaggio di errore', 'Dice che cosa è andato storto.'],
  'exception.stacktrace': ['Punto del programma', 'Dice dove è andato storto: script, riga e colonna.'],
  'http.response.status_code': ['Stato HTTP', 'Che cosa ha risposto il server.'],
  'meeting.message.direction': ['Direzione del messaggio', 'Se è fallito l’invio o la ricezione.'],
  'meeting.conversation.state': ['Stato della conversazione', 'Che cosa faceva la conversazione quando è fallita.'],
  'meeting.conversation.thread_id': [
    'Thread della conversazione',
    'Ritrova la stessa conversazione nei registri del server.',
  ],
  'user.id': [
    'Nome utente',
    'Permette di assistere chi ha il problema. Solo se la pagina dice chi ha effettuato l’accesso.',
  ],
  'meeting.error.device.id': [
    'Identificatore del dispositivo per gli errori',
    'Conta quanti dispositivi incontrano un errore. È diverso da quello del censimento.',
  ],
  'meeting.error.source': ['Come è emerso', 'Distingue gli errori che nessuno ha gestito da quelli segnalati.'],
  'meeting.error.count': ['Ripetizioni', 'Lo stesso errore ripetuto si invia una volta, con il numero.'],
  'network.connection.subtype': ['Connessione', 'Le reti lente spiegano molti guasti.'],
  'meeting.network.rtt_ms': ['Tempo di andata e ritorno', 'Le reti lente spiegano molti guasti.'],
  'meeting.network.downlink_mbps': ['Velocità di ricezione', 'Le reti lente spiegano molti guasti.'],
  'meeting.network.online': ['In linea', 'Distingue una rete assente da un server fermo.'],
  'meeting.device.memory_gib': ['Memoria', 'I dispositivi piccoli hanno problemi propri. Arrotondata dal browser.'],
  'meeting.device.cpu_count': ['Processori', 'I dispositivi piccoli hanno problemi propri.'],
  'browser.web_vital.name': [
    'Che cosa è stato misurato',
    'Uno di cinque valori che dicono quanto la pagina risulta veloce.',
  ],
  'browser.web_vital.value': ['Valore misurato', 'Le pagine lente fanno desistere.'],
  'browser.web_vital.delta': ['Variazione del valore', 'Il valore può essere inviato di nuovo quando è cambiato.'],
  'browser.web_vital.id': ['Identificatore della misura', 'Due invii della stessa misura si contano una volta.'],
  'browser.web_vital.rating': ['Giudizio', 'Buono, da migliorare o scarso.'],
  'browser.web_vital.navigation_type': [
    'Come si è arrivati alla pagina',
    'Una pagina ricaricata non è una prima visita.',
  ],
  'telemetry.dropped.reason': ['Motivo della perdita', 'Un disco pieno non è una coda piena.'],
  'telemetry.dropped.count': ['Numero di record persi', 'Permette di dire con onestà quanto si è visto.'],
};

const dataTemplates = Object.fromEntries(
  Object.entries(data).flatMap(([name, [label, why]]) => [
    [`${name}:label`, label],
    [`${name}:why`, why],
  ]),
);

export const templates = {
  ...dataTemplates,

  'census:label': 'Censimento',
  'census:why':
    'Con quali dispositivi, sistemi e lingue si partecipa alle riunioni, e se l’autenticazione riesce: per sapere che cosa va supportato.',
  'census:identifies': 'Nulla identifica l’organizzazione o una persona.',
  'usage:label': 'Utilizzo',
  'usage:why':
    'Quante volte si accede a una riunione e quante volte funziona: per accorgersi subito quando non funziona.',
  'usage:identifies': 'Può identificare l’organizzazione. Nulla identifica una persona.',
  'error:label': 'Segnalazione errori',
  'error:why':
    'Che cosa è andato storto, in quale punto del software e con quale connessione: per trovare la causa e rimediare.',
  'error:identifies':
    'Può contenere dati personali. Il collettore sostituisce i nomi utente con un hash prima di conservare qualsiasi cosa; indirizzi, collegamenti e chiavi di riunione vengono tolti già su questo dispositivo.',

  'meeting.join.attempt:event': 'Tentativo di partecipare',
  'meeting.join.result:event': 'Esito del tentativo',
  'meeting.census:event': 'Censimento',
  'meeting.usage:event': 'Contatori di utilizzo',
  'exception:event': 'Errore',
  'browser.web_vital:event': 'Velocità della pagina',
  'telemetry.dropped:event': 'Perdite',

  title: 'Che cosa segnala questa pagina',
  intro:
    'Se non si riesce a entrare in una riunione, chi la gestisce deve poterne sapere il perché. Qui c’è tutto ciò che questa pagina può segnalare a questo scopo, e ciò che ha segnalato.',

  pending: 'Non ancora deciso',
  pendingWhy: 'L’impostazione dei server della riunione non è stata ancora letta. Fino ad allora non si invia nulla.',
  open: 'Questa pagina segnala come vanno gli accessi',
  openWhy: str`L’amministratore l’ha attivato, nell’impostazione «${0}».`,
  openWhyInline: 'L’amministratore l’ha attivato.',
  openClient:
    'In questa applicazione il censimento dei dispositivi viene sempre inviato. Il resto dipende dall’organizzazione e da te.',
  closed: 'Non si raccoglie nulla',
  closedWhy: str`È disattivato nell’impostazione «${0}», come sempre finché un amministratore non lo attiva.`,
  closedDoubt: 'Nessun amministratore ha detto chiaramente che questa pagina può farlo. Nel dubbio non lo fa.',
  closedPurged: 'È stato eliminato tutto. Non si raccoglie nulla finché la pagina non viene riaperta.',
  closedMissing: 'In questa pagina non c’è telemetria.',
  setAt: 'Dove è impostato',
  scopeService: 'per questo pool di server',
  scopeSite: 'per il sito dei server',
  scopeGlobal: 'per tutta l’organizzazione',
  reason: 'In termini tecnici',

  optIn: 'Invia anche le segnalazioni di errore',
  optInWhy:
    'Aiutano a trovare la causa di un problema e possono contenere il tuo nome utente. Puoi cambiare idea in qualsiasi momento: ciò che era stato conservato a questo scopo viene eliminato.',
  optInForbidden: 'L’organizzazione ha disattivato le segnalazioni di errore.',

  what: 'Che cosa si raccoglie, e perché',
  isCollected: 'si raccoglie',
  isNotCollected: 'non si raccoglie',
  everyRecord: 'Con ogni record',
  everyRecordWhy:
    'L’ambiente, descritto in modo abbastanza generico da valere per moltissime persone, e ciò che serve alla consegna.',
  datum: 'Dato',
  why: 'Perché',
  example: 'Esempio',
  hashed: 'Trasformato in un hash su questo dispositivo e di nuovo alla ricezione: nessuno può risalire alla persona.',
  hashedLater: 'Il collettore lo sostituisce con un hash prima di conservare qualsiasi cosa.',
  random: 'Casuale: non dice nulla di te.',
  scrubbed: 'Prima vengono tolti nomi, indirizzi, collegamenti e chiavi di riunione.',

  records: 'I record veri e propri',
  waiting: str`In attesa di invio (${0})`,
  waitingNone: 'Non c’è nulla in attesa.',
  waitingMore: str`Sono mostrati i ${0} più vecchi.`,
  sent: str`Inviati di recente (${0})`,
  sentNone: 'Di recente non è stato inviato nulla.',
  dropped: str`Persi (${0})`,
  droppedNone: 'Non è andato perso nulla.',
  droppedCount: 'Numero',
  droppedReason: 'Motivo',
  category: 'Categoria',
  raw: 'Così come viene inviato (OTLP JSON)',
  rawOf: str`${0}, così come viene inviato`,

  deleteTitle: 'Eliminazione',
  delete: 'Elimina tutto adesso',
  deleteWhy:
    'Elimina ciò che è in attesa, gli identificatori di questo dispositivo e il processo in background, in ogni scheda, e sospende la raccolta finché la pagina non viene riaperta. Ciò che è già stato inviato resta al gestore.',
  deleting: 'Eliminazione in corso…',
  receipt: str`Eliminato il ${0}, compresi gli identificatori di questo dispositivo e il processo in background. Record che erano in attesa: ${1}.`,
  receiptPart: str`Eliminato il ${0}. Record che erano in attesa: ${1}. Altri pool di questo sito continuano a segnalare.`,
  receiptNew: 'Se questo dispositivo dovesse segnalare ancora, sarà un dispositivo nuovo.',
  deleteFailed: 'Eliminazione non riuscita. Cancellare i dati del sito dalle impostazioni del browser funziona sempre.',

  'drop.queue_overflow': 'Ha ceduto il posto a qualcosa di più urgente',
  'drop.expired': 'Ha atteso troppo a lungo',
  'drop.too_large': 'Troppo grande',
  'drop.rejected': 'Rifiutato perché malformato',
  'drop.partial_success': 'Rifiutato dal collettore',
  'drop.refused': 'Rifiutato dal collettore',
  'drop.gone': 'Il collettore non c’è più',
  'drop.storage_full': 'La memoria di questo dispositivo è piena',
  'drop.storage_unavailable': 'Questo dispositivo non conserva nulla',
  'drop.undeclared': 'Non dichiarato, quindi non può essere inviato',
};
