/** Of the database, the channel, the sync tag and the mark of our messages. */
export const databaseName = 'meeting-join-telemetry';
export const channelName = databaseName;

/** Only a worker of our own file is ours to unregister; a host page's worker that imports it is not. */
export const isOurWorker = ({ pathname }: { pathname: string }): boolean =>
  /\/meeting-join-telemetry-sw[^/]*\.js$/.test(pathname);
