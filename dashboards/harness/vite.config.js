import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

// PROMETHEUS: where the data come from; PORT: where the page is served, on 127.0.0.1.
const target = process.env.PROMETHEUS ?? 'http://127.0.0.1:9090';
const proxy = { '/prom': { target, rewrite: path => path.replace(/^\/prom/, '') } };
// The dashboards are read when the page asks for them, so that a new one needs no new build of the harness.
const dashboards = server => {
  server.middlewares.use('/dashboards', (request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(readFileSync(new URL(`../${request.url.match(/[a-z-]+\.json/)[0]}`, import.meta.url)));
  });
};
export default defineConfig({
  plugins: [{ name: 'dashboards', configureServer: dashboards, configurePreviewServer: dashboards }],
  define: { 'process.env.NODE_ENV': JSON.stringify(process.env.NODE_ENV ?? 'production'), global: 'globalThis' },
  build: { target: 'es2022', chunkSizeWarningLimit: 20000 },
  server: { host: '127.0.0.1', proxy, fs: { allow: ['..'] } },
  preview: { host: '127.0.0.1', port: Number(process.env.PORT ?? 14180), proxy },
});
