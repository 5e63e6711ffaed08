import vue from '@vitejs/plugin-vue';

const isCustomElement = tag => tag.startsWith('meeting-join-telemetry');

export default { plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] };
