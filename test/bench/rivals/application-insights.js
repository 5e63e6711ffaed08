import { OfflineChannel, StorageProviders } from '@microsoft/applicationinsights-offlinechannel-js';
import { ApplicationInsights } from '@microsoft/applicationinsights-web';

const { origin } = location;
const channel = new OfflineChannel();
const insights = new ApplicationInsights({
  config: {
    connectionString: `InstrumentationKey=00000000-0000-4000-8000-000000000000;IngestionEndpoint=${origin}/`,
    extensionConfig: { [channel.identifier]: { providers: [StorageProviders.IndexedDb] } },
  },
});
insights.loadAppInsights();
insights.addPlugin(channel);

globalThis.product = { record: id => insights.trackEvent({ name: id }) };
