import 'meeting-join-telemetry/define.js';
import { createApp } from 'vue';
import Launcher from './Launcher.vue';

createApp(Launcher).mount('#root');
