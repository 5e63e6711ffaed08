import { ConsoleApp } from './console-app.js';
import { Timeline } from './timeline.js';

customElements.define('console-timeline', Timeline);
customElements.define('console-app', ConsoleApp);
